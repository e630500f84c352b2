// Every op of the dialect reads what it prints.
// RUN: kiln-opt %s | kiln-opt | FileCheck %s

// CHECK-LABEL: func.func @unary
// CHECK: kiln.neg %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.abs %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.sign %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.floor %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.ceil %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.round %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.sqrt %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.rsqrt %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.reciprocal %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.exp %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.expm1 %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.log %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.log1p %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.sin %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.cos %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.tan %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.asin %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.acos %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.atan %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.sinh %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.cosh %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.tanh %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.asinh %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.acosh %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.atanh %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.erf %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.sigmoid %{{.*}} : (tensor<3xf32>) -> tensor<3xf32>
func.func @unary(%x: tensor<3xf32>) {
  %0 = kiln.neg %x : (tensor<3xf32>) -> tensor<3xf32>
  %1 = kiln.abs %x : (tensor<3xf32>) -> tensor<3xf32>
  %2 = kiln.sign %x : (tensor<3xf32>) -> tensor<3xf32>
  %3 = kiln.floor %x : (tensor<3xf32>) -> tensor<3xf32>
  %4 = kiln.ceil %x : (tensor<3xf32>) -> tensor<3xf32>
  %5 = kiln.round %x : (tensor<3xf32>) -> tensor<3xf32>
  %6 = kiln.sqrt %x : (tensor<3xf32>) -> tensor<3xf32>
  %7 = kiln.rsqrt %x : (tensor<3xf32>) -> tensor<3xf32>
  %8 = kiln.reciprocal %x : (tensor<3xf32>) -> tensor<3xf32>
  %9 = kiln.exp %x : (tensor<3xf32>) -> tensor<3xf32>
  %10 = kiln.expm1 %x : (tensor<3xf32>) -> tensor<3xf32>
  %11 = kiln.log %x : (tensor<3xf32>) -> tensor<3xf32>
  %12 = kiln.log1p %x : (tensor<3xf32>) -> tensor<3xf32>
  %13 = kiln.sin %x : (tensor<3xf32>) -> tensor<3xf32>
  %14 = kiln.cos %x : (tensor<3xf32>) -> tensor<3xf32>
  %15 = kiln.tan %x : (tensor<3xf32>) -> tensor<3xf32>
  %16 = kiln.asin %x : (tensor<3xf32>) -> tensor<3xf32>
  %17 = kiln.acos %x : (tensor<3xf32>) -> tensor<3xf32>
  %18 = kiln.atan %x : (tensor<3xf32>) -> tensor<3xf32>
  %19 = kiln.sinh %x : (tensor<3xf32>) -> tensor<3xf32>
  %20 = kiln.cosh %x : (tensor<3xf32>) -> tensor<3xf32>
  %21 = kiln.tanh %x : (tensor<3xf32>) -> tensor<3xf32>
  %22 = kiln.asinh %x : (tensor<3xf32>) -> tensor<3xf32>
  %23 = kiln.acosh %x : (tensor<3xf32>) -> tensor<3xf32>
  %24 = kiln.atanh %x : (tensor<3xf32>) -> tensor<3xf32>
  %25 = kiln.erf %x : (tensor<3xf32>) -> tensor<3xf32>
  %26 = kiln.sigmoid %x : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// CHECK-LABEL: func.func @tests
// CHECK: kiln.not %{{.*}} : (tensor<3xi1>) -> tensor<3xi1>
// CHECK: kiln.is_nan %{{.*}} : (tensor<3xf32>) -> tensor<3xi1>
// CHECK: kiln.is_inf %{{.*}} : (tensor<3xf32>) -> tensor<3xi1>
func.func @tests(%x: tensor<3xf32>, %p: tensor<3xi1>) {
  %0 = kiln.not %p : (tensor<3xi1>) -> tensor<3xi1>
  %1 = kiln.is_nan %x : (tensor<3xf32>) -> tensor<3xi1>
  %2 = kiln.is_inf %x : (tensor<3xf32>) -> tensor<3xi1>
  return
}

// CHECK-LABEL: func.func @binary
// CHECK: kiln.add %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.sub %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.mul %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.div %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.mod %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.fmod %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.pow %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.min %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.max %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
func.func @binary(%x: tensor<3xf32>, %y: tensor<3xf32>) {
  %0 = kiln.add %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = kiln.sub %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %2 = kiln.mul %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %3 = kiln.div %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %4 = kiln.mod %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %5 = kiln.fmod %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %6 = kiln.pow %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %7 = kiln.min %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %8 = kiln.max %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// CHECK-LABEL: func.func @comparisons
// CHECK: kiln.eq %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xi1>
// CHECK: kiln.lt %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xi1>
// CHECK: kiln.le %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xi1>
func.func @comparisons(%x: tensor<3xf32>, %y: tensor<3xf32>) {
  %0 = kiln.eq %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xi1>
  %1 = kiln.lt %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xi1>
  %2 = kiln.le %x, %y : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xi1>
  return
}

// CHECK-LABEL: func.func @logic
// CHECK: kiln.and %{{.*}}, %{{.*}} : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
// CHECK: kiln.or %{{.*}}, %{{.*}} : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
// CHECK: kiln.xor %{{.*}}, %{{.*}} : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
func.func @logic(%x: tensor<3xi1>, %y: tensor<3xi1>) {
  %0 = kiln.and %x, %y : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  %1 = kiln.or %x, %y : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  %2 = kiln.xor %x, %y : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  return
}

// CHECK-LABEL: func.func @bits
// CHECK: kiln.bit_not %{{.*}} : (tensor<3xi32>) -> tensor<3xi32>
// CHECK: kiln.bit_and %{{.*}}, %{{.*}} : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
// CHECK: kiln.bit_or %{{.*}}, %{{.*}} : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
// CHECK: kiln.bit_xor %{{.*}}, %{{.*}} : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
// CHECK: kiln.shift_left %{{.*}}, %{{.*}} : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
// CHECK: kiln.shift_right %{{.*}}, %{{.*}} : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
func.func @bits(%x: tensor<3xi32>, %y: tensor<3xi32>) {
  %0 = kiln.bit_not %x : (tensor<3xi32>) -> tensor<3xi32>
  %1 = kiln.bit_and %x, %y : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %2 = kiln.bit_or %x, %y : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %3 = kiln.bit_xor %x, %y : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %4 = kiln.shift_left %x, %y : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %5 = kiln.shift_right %x, %y : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  return
}

// CHECK-LABEL: func.func @choice_and_conversion
// CHECK: kiln.select %{{.*}}, %{{.*}}, %{{.*}} : (tensor<3xi1>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK: kiln.cast %{{.*}} {to = i64} : (tensor<3xf32>) -> tensor<3xi64>
func.func @choice_and_conversion(%c: tensor<3xi1>, %x: tensor<3xf32>, %y: tensor<3xf32>) {
  %0 = kiln.select %c, %x, %y : (tensor<3xi1>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = kiln.cast %x {to = i64} : (tensor<3xf32>) -> tensor<3xi64>
  return
}

// CHECK-LABEL: func.func @leaves
// CHECK: kiln.constant dense<[1.000000e+00, 0x7FC00000, 0xFF800000]> : tensor<3xf32>
// CHECK: kiln.iota {dim = 1 : i64} : tensor<2x3xi64>
func.func @leaves() {
  %0 = kiln.constant dense<[1.000000e+00, 0x7FC00000, 0xFF800000]> : tensor<3xf32>
  %1 = kiln.iota {dim = 1 : i64} : tensor<2x3xi64>
  return
}

// CHECK-LABEL: func.func @moves
// CHECK: kiln.broadcast %{{.*}} {dims = array<i64: 1, 2>, shape = array<i64: 2, 3, 4>} : (tensor<3x1xf32>) -> tensor<2x3x4xf32>
// CHECK: kiln.reshape %{{.*}} {shape = array<i64: 6, 4>} : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
// CHECK: kiln.transpose %{{.*}} {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
// CHECK: kiln.slice %{{.*}} {sizes = array<i64: 1, 2, 4>, starts = array<i64: 1, 0, 3>, steps = array<i64: 1, 2, -1>} : (tensor<2x3x4xf32>) -> tensor<1x2x4xf32>
// CHECK: kiln.pad %{{.*}}, %{{.*}} {high = array<i64: 0, 2, 0>, low = array<i64: 0, 1, 3>} : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x6x7xf32>
// CHECK: kiln.concat %{{.*}}, %{{.*}} {dim = 2 : i64} : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x8xf32>
// CHECK: kiln.gather %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x3x4xf32>, tensor<5x6xi64>) -> tensor<2x5x6x4xf32>
// CHECK: kiln.take_along %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<2x3x4xf32>, tensor<2x1x4xi32>) -> tensor<2x1x4xf32>
func.func @moves(%x: tensor<2x3x4xf32>, %v: tensor<f32>, %b: tensor<3x1xf32>, %i: tensor<5x6xi64>, %t: tensor<2x1x4xi32>) {
  %0 = kiln.broadcast %b {dims = array<i64: 1, 2>, shape = array<i64: 2, 3, 4>} : (tensor<3x1xf32>) -> tensor<2x3x4xf32>
  %1 = kiln.reshape %x {shape = array<i64: 6, 4>} : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  %2 = kiln.transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %3 = kiln.slice %x {sizes = array<i64: 1, 2, 4>, starts = array<i64: 1, 0, 3>, steps = array<i64: 1, 2, -1>} : (tensor<2x3x4xf32>) -> tensor<1x2x4xf32>
  %4 = kiln.pad %x, %v {high = array<i64: 0, 2, 0>, low = array<i64: 0, 1, 3>} : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x6x7xf32>
  %5 = kiln.concat %x, %x {dim = 2 : i64} : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x8xf32>
  %6 = kiln.gather %x, %i {axis = 1 : i64} : (tensor<2x3x4xf32>, tensor<5x6xi64>) -> tensor<2x5x6x4xf32>
  %7 = kiln.take_along %x, %t {axis = 1 : i64} : (tensor<2x3x4xf32>, tensor<2x1x4xi32>) -> tensor<2x1x4xf32>
  return
}

// CHECK-LABEL: func.func @reductions
// CHECK: kiln.reduce %{{.*}} {dims = array<i64: 0, 2>, kind = 2 : i32} : (tensor<2x3x4xf32>) -> tensor<3xf32>
// CHECK: kiln.arg_reduce %{{.*}} {dim = 1 : i64, kind = 3 : i32, last} : (tensor<2x3x4xf32>) -> tensor<2x4xi64>
// CHECK: kiln.cumulative %{{.*}} {dim = 2 : i64, exclusive, reverse} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
// CHECK: kiln.pool %{{.*}} {dilation = array<i64: 1, 1, 2>, high = array<i64: 0, 0, 1>, kind = 0 : i32, low = array<i64: 0, 0, 1>, strides = array<i64: 1, 1, 3>, window = array<i64: 1, 1, 2>} : (tensor<2x3x4xf32>) -> tensor<2x3x2xf32>
func.func @reductions(%x: tensor<2x3x4xf32>) {
  %0 = kiln.reduce %x {dims = array<i64: 0, 2>, kind = 2 : i32} : (tensor<2x3x4xf32>) -> tensor<3xf32>
  %1 = kiln.arg_reduce %x {dim = 1 : i64, kind = 3 : i32, last} : (tensor<2x3x4xf32>) -> tensor<2x4xi64>
  %2 = kiln.cumulative %x {dim = 2 : i64, exclusive, reverse} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %3 = kiln.pool %x {dilation = array<i64: 1, 1, 2>, high = array<i64: 0, 0, 1>, kind = 0 : i32, low = array<i64: 0, 0, 1>, strides = array<i64: 1, 1, 3>, window = array<i64: 1, 1, 2>} : (tensor<2x3x4xf32>) -> tensor<2x3x2xf32>
  return
}

// CHECK-LABEL: func.func @products
// CHECK: kiln.contract %{{.*}}, %{{.*}} {labels = "bmk,bnk->bmn"} : (tensor<2x3x4xf32>, tensor<2x5x4xf32>) -> tensor<2x3x5xf32>
// CHECK: kiln.window %{{.*}}, %{{.*}} {dilation = array<i64: 1, 2>, high = array<i64: 1, 2>, labels = "ngcyx,gocyx->ngoyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 2>, spatial = "yx", strides = array<i64: 2, 1>} : (tensor<1x2x3x9x9xf32>, tensor<2x5x3x3x3xf32>) -> tensor<1x2x5x5x9xf32>
func.func @products(%a: tensor<2x3x4xf32>, %b: tensor<2x5x4xf32>, %x: tensor<1x2x3x9x9xf32>, %w: tensor<2x5x3x3x3xf32>) {
  %0 = kiln.contract %a, %b {labels = "bmk,bnk->bmn"} : (tensor<2x3x4xf32>, tensor<2x5x4xf32>) -> tensor<2x3x5xf32>
  %1 = kiln.window %x, %w {dilation = array<i64: 1, 2>, high = array<i64: 1, 2>, labels = "ngcyx,gocyx->ngoyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 2>, spatial = "yx", strides = array<i64: 2, 1>} : (tensor<1x2x3x9x9xf32>, tensor<2x5x3x3x3xf32>) -> tensor<1x2x5x5x9xf32>
  return
}

// CHECK: kiln.parameter @w : tensor<8x4xf32> {hash = "00"}
kiln.parameter @w : tensor<8x4xf32> {hash = "00"}

// CHECK: kiln.kernel @k(%{{.*}}: tensor<8x4xf32>, %{{.*}}: tensor<8x4xf32, #kiln.layout<"1%16,0,1/16">>) -> tensor<8x4xf32> attributes {schedule = #kiln.schedule<"map{vector=8}">} {
// CHECK: kiln.return %{{.*}} : tensor<8x4xf32>
kiln.kernel @k(%x: tensor<8x4xf32>, %y: tensor<8x4xf32, #kiln.layout<"1%16,0,1/16">>) -> tensor<8x4xf32> attributes {schedule = #kiln.schedule<"map{vector=8}">} {
  %0 = kiln.add %x, %y : (tensor<8x4xf32>, tensor<8x4xf32, #kiln.layout<"1%16,0,1/16">>) -> tensor<8x4xf32>
  kiln.return %0 : tensor<8x4xf32>
}

// CHECK-LABEL: func.func @main
// CHECK: kiln.use @w : tensor<8x4xf32>
// CHECK: kiln.launch @k(%{{.*}}, %{{.*}}) {offsets = array<i64: -1>} : (tensor<8x4xf32>, tensor<8x4xf32, #kiln.layout<"1%16,0,1/16">>) -> tensor<8x4xf32>
func.func @main(%y: tensor<8x4xf32, #kiln.layout<"1%16,0,1/16">>) -> tensor<8x4xf32> {
  %0 = kiln.use @w : tensor<8x4xf32>
  %1 = kiln.launch @k(%0, %y) {offsets = array<i64: -1>} : (tensor<8x4xf32>, tensor<8x4xf32, #kiln.layout<"1%16,0,1/16">>) -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}
