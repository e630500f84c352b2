// What fuse puts into one kernel, and what it keeps apart.
// RUN: kiln-opt --split-input-file --kiln-fuse %s | FileCheck %s

// A product takes its whole epilogue: bias, residual, activation.
// CHECK-LABEL: kiln.kernel
// CHECK:         kiln.contract
// CHECK-NEXT:    kiln.broadcast
// CHECK-NEXT:    kiln.add
// CHECK-NEXT:    kiln.add
// CHECK-NEXT:    kiln.tanh
// CHECK-NEXT:    kiln.return
// CHECK-LABEL: func.func @main
// CHECK-COUNT-1: kiln.launch
// CHECK-NOT:     kiln.launch
// CHECK-NOT:     kiln.tanh
func.func @main(%x: tensor<6x8xf32>, %w: tensor<8x4xf32>, %b: tensor<4xf32>, %r: tensor<6x4xf32>) -> tensor<6x4xf32> {
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
  %1 = kiln.broadcast %b {dims = array<i64: 1>, shape = array<i64: 6, 4>} : (tensor<4xf32>) -> tensor<6x4xf32>
  %2 = kiln.add %0, %1 : (tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<6x4xf32>
  %3 = kiln.add %2, %r : (tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<6x4xf32>
  %4 = kiln.tanh %3 : (tensor<6x4xf32>) -> tensor<6x4xf32>
  return %4 : tensor<6x4xf32>
}

// -----

// Two products are two kernels: a kernel has one heavy nest.
// CHECK-LABEL: kiln.kernel
// CHECK:         kiln.contract
// CHECK-NOT:     kiln.contract
// CHECK:       kiln.kernel
// CHECK:         kiln.contract
// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: kiln.launch
// CHECK-NOT:     kiln.launch
func.func @main(%x: tensor<6x8xf32>, %w: tensor<8x4xf32>, %v: tensor<4x5xf32>) -> tensor<6x5xf32> {
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
  %1 = kiln.contract %0, %v {labels = "mk,kn->mn"} : (tensor<6x4xf32>, tensor<4x5xf32>) -> tensor<6x5xf32>
  return %1 : tensor<6x5xf32>
}

// -----

// Softmax over rows is one kernel: both reductions remove the same dimension.
// CHECK-LABEL: kiln.kernel
// CHECK:         kiln.reduce
// CHECK:         kiln.exp
// CHECK:         kiln.reduce
// CHECK:         kiln.div
// CHECK:         kiln.return
// CHECK-LABEL: func.func @main
// CHECK-COUNT-1: kiln.launch
// CHECK-NOT:     kiln.launch
func.func @main(%x: tensor<6x10xf32>) -> tensor<6x10xf32> {
  %0 = kiln.reduce %x {kind = 2 : i32, dims = array<i64: 1>} : (tensor<6x10xf32>) -> tensor<6xf32>
  %1 = kiln.broadcast %0 {dims = array<i64: 0>, shape = array<i64: 6, 10>} : (tensor<6xf32>) -> tensor<6x10xf32>
  %2 = kiln.sub %x, %1 : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
  %3 = kiln.exp %2 : (tensor<6x10xf32>) -> tensor<6x10xf32>
  %4 = kiln.reduce %3 {kind = 0 : i32, dims = array<i64: 1>} : (tensor<6x10xf32>) -> tensor<6xf32>
  %5 = kiln.broadcast %4 {dims = array<i64: 0>, shape = array<i64: 6, 10>} : (tensor<6xf32>) -> tensor<6x10xf32>
  %6 = kiln.div %3, %5 : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
  return %6 : tensor<6x10xf32>
}

// -----

// A value that two products read is computed once.
// CHECK-LABEL: func.func @main
// CHECK:         %[[T:.*]] = kiln.launch
// CHECK-DAG:     kiln.launch @{{.*}}(%[[T]], %arg1)
// CHECK-DAG:     kiln.launch @{{.*}}(%[[T]], %arg2)
func.func @main(%x: tensor<6x8xf32>, %w: tensor<8x4xf32>, %v: tensor<8x5xf32>) -> (tensor<6x4xf32>, tensor<6x5xf32>) {
  %0 = kiln.tanh %x : (tensor<6x8xf32>) -> tensor<6x8xf32>
  %1 = kiln.contract %0, %w {labels = "mk,kn->mn"} : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
  %2 = kiln.contract %0, %v {labels = "mk,kn->mn"} : (tensor<6x8xf32>, tensor<8x5xf32>) -> tensor<6x5xf32>
  return %1, %2 : tensor<6x4xf32>, tensor<6x5xf32>
}

// -----

// Layer norm is one kernel: mean, variance, and the maps between and after them.
// CHECK-LABEL: kiln.kernel
// CHECK:         kiln.reduce
// CHECK:         kiln.sub
// CHECK:         kiln.reduce
// CHECK:         kiln.rsqrt
// CHECK:         kiln.add
// CHECK:         kiln.return
// CHECK-LABEL: func.func @main
// CHECK-COUNT-1: kiln.launch
// CHECK-NOT:     kiln.launch
func.func @main(%x: tensor<6x10xf32>, %b: tensor<10xf32>) -> tensor<6x10xf32> {
  %n = kiln.constant dense<10.0> : tensor<6xf32>
  %e = kiln.constant dense<1.0e-5> : tensor<6xf32>
  %0 = kiln.reduce %x {kind = 0 : i32, dims = array<i64: 1>} : (tensor<6x10xf32>) -> tensor<6xf32>
  %1 = kiln.div %0, %n : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  %2 = kiln.broadcast %1 {dims = array<i64: 0>, shape = array<i64: 6, 10>} : (tensor<6xf32>) -> tensor<6x10xf32>
  %3 = kiln.sub %x, %2 : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
  %4 = kiln.mul %3, %3 : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
  %5 = kiln.reduce %4 {kind = 0 : i32, dims = array<i64: 1>} : (tensor<6x10xf32>) -> tensor<6xf32>
  %6 = kiln.div %5, %n : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  %7 = kiln.add %6, %e : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  %8 = kiln.rsqrt %7 : (tensor<6xf32>) -> tensor<6xf32>
  %9 = kiln.broadcast %8 {dims = array<i64: 0>, shape = array<i64: 6, 10>} : (tensor<6xf32>) -> tensor<6x10xf32>
  %10 = kiln.mul %3, %9 : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
  %11 = kiln.broadcast %b {dims = array<i64: 1>, shape = array<i64: 6, 10>} : (tensor<10xf32>) -> tensor<6x10xf32>
  %12 = kiln.add %10, %11 : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
  return %12 : tensor<6x10xf32>
}

// -----

// Reductions over different dimensions are different kernels.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: kiln.launch
// CHECK-NOT:     kiln.launch
func.func @main(%x: tensor<4x5xf32>) -> tensor<4xf32> {
  %0 = kiln.reduce %x {kind = 0 : i32, dims = array<i64: 0>} : (tensor<4x5xf32>) -> tensor<5xf32>
  %1 = kiln.broadcast %0 {dims = array<i64: 1>, shape = array<i64: 4, 5>} : (tensor<5xf32>) -> tensor<4x5xf32>
  %2 = kiln.sub %x, %1 : (tensor<4x5xf32>, tensor<4x5xf32>) -> tensor<4x5xf32>
  %3 = kiln.reduce %2 {kind = 2 : i32, dims = array<i64: 1>} : (tensor<4x5xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

// A map that no layout makes cheap, computed per row of nothing that is reduced, is not repeated for every element.
// CHECK-LABEL: func.func @main
// CHECK:         %[[R:.*]] = kiln.launch @{{.*}}(%arg1) : (tensor<6xf32>) -> tensor<6xf32>
// CHECK-NEXT:    kiln.launch @{{.*}}(%[[R]], %arg0)
func.func @main(%x: tensor<6x10xf32>, %s: tensor<6xf32>) -> tensor<6x10xf32> {
  %0 = kiln.exp %s : (tensor<6xf32>) -> tensor<6xf32>
  %1 = kiln.broadcast %0 {dims = array<i64: 0>, shape = array<i64: 6, 10>} : (tensor<6xf32>) -> tensor<6x10xf32>
  %2 = kiln.mul %x, %1 : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
  return %2 : tensor<6x10xf32>
}

// -----

// A value with several users is computed once and kept; views of it stay outside of kernels; a transpose takes the maps before it.
// CHECK-LABEL: func.func @main
// CHECK:         %[[T:.*]] = kiln.launch @[[PRODUCT:.*]](%arg0, %arg1)
// CHECK-DAG:     %[[FLIPPED:.*]] = kiln.launch @{{.*}}(%[[T]]) : (tensor<6x4xf32>) -> tensor<4x6xf32>
// CHECK-DAG:     %[[NEG:.*]] = kiln.launch @{{.*}}(%[[T]]) : (tensor<6x4xf32>) -> tensor<6x4xf32>
// CHECK-DAG:     %[[FLAT:.*]] = kiln.reshape %[[NEG]] {shape = array<i64: 24>}
// CHECK-DAG:     %[[WIDE:.*]] = kiln.reshape %[[T]] {shape = array<i64: 2, 12>}
// CHECK:         return %[[FLIPPED]], %[[FLAT]], %[[WIDE]]
func.func @main(%x: tensor<6x8xf32>, %w: tensor<8x4xf32>) -> (tensor<4x6xf32>, tensor<24xf32>, tensor<2x12xf32>) {
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<6x8xf32>, tensor<8x4xf32>) -> tensor<6x4xf32>
  %1 = kiln.tanh %0 : (tensor<6x4xf32>) -> tensor<6x4xf32>
  %2 = kiln.exp %1 : (tensor<6x4xf32>) -> tensor<6x4xf32>
  %3 = kiln.transpose %2 {perm = array<i64: 1, 0>} : (tensor<6x4xf32>) -> tensor<4x6xf32>
  %4 = kiln.neg %1 : (tensor<6x4xf32>) -> tensor<6x4xf32>
  %5 = kiln.reshape %4 {shape = array<i64: 24>} : (tensor<6x4xf32>) -> tensor<24xf32>
  %6 = kiln.reshape %1 {shape = array<i64: 2, 12>} : (tensor<6x4xf32>) -> tensor<2x12xf32>
  return %3, %5, %6 : tensor<4x6xf32>, tensor<24xf32>, tensor<2x12xf32>
}

// -----

// A gather joins the map after it. Its launch says what must hold of which operand, and which node to name when it does not.
// CHECK:         kiln.kernel @[[K:.*]](%{{.*}}: tensor<50x4xf32>, %{{.*}}: tensor<3xi64>, %{{.*}}: tensor<3x4xf32>)
// CHECK-LABEL: func.func @main
// CHECK:         kiln.launch @[[K]](%{{.*}}, %arg0, %arg1) {checks = [{limit = 50 : i64, node = "embed", operand = 1 : i64}]}
// CHECK-NOT:     kiln.launch
kiln.parameter @table : tensor<50x4xf32>
func.func @main(%i: tensor<3xi64>, %p: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %t = kiln.use @table : tensor<50x4xf32>
  %0 = kiln.gather %t, %i {axis = 0 : i64} : (tensor<50x4xf32>, tensor<3xi64>) -> tensor<3x4xf32> loc("embed")
  %1 = kiln.add %0, %p : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// -----

// Computed indices are stored, so that they can be checked.
// CHECK-LABEL: func.func @main
// CHECK:         %[[I:.*]] = kiln.launch @{{.*}}(%arg1) : (tensor<3xi64>) -> tensor<3xi64>
// CHECK:         kiln.launch @{{.*}}(%arg0, %[[I]]) {checks = [{limit = 50 : i64, node = "", operand = 1 : i64}]}
func.func @main(%x: tensor<50x4xf32>, %i: tensor<3xi64>) -> tensor<3x4xf32> {
  %0 = kiln.abs %i : (tensor<3xi64>) -> tensor<3xi64>
  %1 = kiln.gather %x, %0 {axis = 0 : i64} : (tensor<50x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// -----

// A pool accumulates as a product does: they are two kernels.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: kiln.launch
// CHECK-NOT:     kiln.launch
func.func @main(%x: tensor<3x8xf32>, %w: tensor<8x6xf32>) -> tensor<3x3xf32> {
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<3x8xf32>, tensor<8x6xf32>) -> tensor<3x6xf32>
  %1 = kiln.pool %0 {kind = 2 : i32, window = array<i64: 1, 2>, strides = array<i64: 1, 2>, low = array<i64: 0, 0>, high = array<i64: 0, 0>, dilation = array<i64: 1, 1>} : (tensor<3x6xf32>) -> tensor<3x3xf32>
  return %1 : tensor<3x3xf32>
}

// -----

// What depends on parameters alone has a kernel of its own, which hoist can move.
// CHECK-LABEL: func.func @main
// CHECK:         %[[W:.*]] = kiln.use @w
// CHECK:         %[[E:.*]] = kiln.launch @{{.*}}(%[[W]])
// CHECK:         kiln.launch @{{.*}}(%arg0, %[[E]])
kiln.parameter @w : tensor<4xf32>
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %w = kiln.use @w : tensor<4xf32>
  %0 = kiln.exp %w : (tensor<4xf32>) -> tensor<4xf32>
  %1 = kiln.mul %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// What nobody uses is no kernel; a shift and a repetition cost nothing and are copied to every user.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: kiln.launch @{{.*}}(%arg0) : (tensor<4xf32>) -> tensor<3x4xf32>
// CHECK-NOT:     kiln.launch
func.func @main(%x: tensor<4xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
  %unused = kiln.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %0 = kiln.broadcast %x {dims = array<i64: 1>, shape = array<i64: 3, 4>} : (tensor<4xf32>) -> tensor<3x4xf32>
  %1 = kiln.tanh %0 : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %2 = kiln.neg %0 : (tensor<3x4xf32>) -> tensor<3x4xf32>
  return %1, %2 : tensor<3x4xf32>, tensor<3x4xf32>
}

// -----

// The product stands in memory for its sum: the cheap maps of it are worked out again by both who want them, and no kernel is theirs.
// CHECK-LABEL: kiln.kernel @k0_main(
// CHECK:         kiln.contract
// CHECK:       kiln.kernel @k1_main(
// CHECK:         kiln.reduce
// CHECK:       kiln.kernel @k2_main(
// CHECK:         kiln.sub
// CHECK:         kiln.max
// CHECK:         kiln.reduce
// CHECK:       kiln.kernel @k3_main(
// CHECK:         kiln.sub
// CHECK:         kiln.max
// CHECK:         kiln.pool
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<96x8xf32>, %w: tensor<8x4xf32>) -> (tensor<4xf32>, tensor<48x4xf32>) {
  %zero = kiln.constant dense<0.0> : tensor<96x4xf32>
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<96x8xf32>, tensor<8x4xf32>) -> tensor<96x4xf32>
  %1 = kiln.reduce %0 {kind = 0 : i32, dims = array<i64: 0>} : (tensor<96x4xf32>) -> tensor<4xf32>
  %2 = kiln.broadcast %1 {dims = array<i64: 1>, shape = array<i64: 96, 4>} : (tensor<4xf32>) -> tensor<96x4xf32>
  %3 = kiln.sub %0, %2 : (tensor<96x4xf32>, tensor<96x4xf32>) -> tensor<96x4xf32>
  %4 = kiln.max %3, %zero : (tensor<96x4xf32>, tensor<96x4xf32>) -> tensor<96x4xf32>
  %5 = kiln.reduce %4 {kind = 0 : i32, dims = array<i64: 0>} : (tensor<96x4xf32>) -> tensor<4xf32>
  %6 = kiln.pool %4 {kind = 2 : i32, window = array<i64: 2, 1>, strides = array<i64: 2, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>, dilation = array<i64: 1, 1>} : (tensor<96x4xf32>) -> tensor<48x4xf32>
  return %5, %6 : tensor<4xf32>, tensor<48x4xf32>
}

// -----

// A costly map is worked out once, and read by both.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-3: kiln.launch
// CHECK-NOT:     kiln.launch
func.func @main(%x: tensor<6x4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) {
  %0 = kiln.reduce %x {kind = 0 : i32, dims = array<i64: 0>} : (tensor<6x4xf32>) -> tensor<4xf32>
  %1 = kiln.broadcast %0 {dims = array<i64: 1>, shape = array<i64: 6, 4>} : (tensor<4xf32>) -> tensor<6x4xf32>
  %2 = kiln.sub %x, %1 : (tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<6x4xf32>
  %3 = kiln.tanh %2 : (tensor<6x4xf32>) -> tensor<6x4xf32>
  %4 = kiln.reduce %3 {kind = 0 : i32, dims = array<i64: 0>} : (tensor<6x4xf32>) -> tensor<4xf32>
  %5 = kiln.pool %3 {kind = 2 : i32, window = array<i64: 2, 1>, strides = array<i64: 2, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>, dilation = array<i64: 1, 1>} : (tensor<6x4xf32>) -> tensor<3x4xf32>
  return %4, %5 : tensor<4xf32>, tensor<3x4xf32>
}
