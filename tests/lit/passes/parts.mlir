// A device takes long sums of few results in parts; what is computed on the way stays in the kernel, what has results enough is left alone.
// RUN: kiln-opt %s --kiln-parts | FileCheck %s
// RUN: kiln-opt %s --kiln-parts --kiln-fuse --kiln-layout=lanes=0 --kiln-schedule=device | FileCheck %s --check-prefix=SCHEDULED

// CHECK-LABEL: func.func @main
// A norm: the square is made of each part.
// CHECK: %[[X:.*]] = kiln.reshape %arg0 {shape = array<i64: 200, 5000>}
// CHECK: %[[SQUARE:.*]] = kiln.mul %[[X]], %[[X]]
// CHECK: %[[PARTS:.*]] = kiln.reduce %[[SQUARE]] {dims = array<i64: 1>, kiln.parts = 200 : i64, kind = 0 : i32}
// CHECK: kiln.reduce %[[PARTS]] {dims = array<i64: 0>, kind = 0 : i32}
// Statistics of an image: its outer dimensions are the parts.
// CHECK: %[[ROWS:.*]] = kiln.reduce %arg1 {dims = array<i64: 2, 3>, kiln.parts = 64 : i64, kind = 2 : i32} : (tensor<64x32x56x56xf32>) -> tensor<64x32xf32>
// CHECK: kiln.reduce %[[ROWS]] {dims = array<i64: 0>, kind = 2 : i32}
// A gradient of weights.
// CHECK: kiln.window {{.*}}labels = "ancyx,anoyx->aocyx"{{.*}}-> tensor<32x16x3x3x3xf32>
// CHECK: kiln.reduce {{.*}} {dims = array<i64: 0>, kind = 0 : i32} : (tensor<32x16x3x3x3xf32>) -> tensor<16x3x3x3xf32>
// CHECK: kiln.contract %arg4, %arg5 {labels = "mk,kn->mn"}
// What its kernel's schedule says is what the graph says.
// SCHEDULED-DAG: gpu_row{{[{].*parts=200.*[}]}}
// SCHEDULED-DAG: gpu_tile{{[{].*parts=.*[}]}}
func.func @main(%flat: tensor<1000000xf32>, %image: tensor<64x32x56x56xf32>, %x: tensor<64x3x34x34xf32>, %g: tensor<64x16x32x32xf32>, %a: tensor<1024x1024xf32>, %b: tensor<1024x1024xf32>)
    -> (tensor<f32>, tensor<32xf32>, tensor<16x3x3x3xf32>, tensor<1024x1024xf32>) {
  %0 = kiln.mul %flat, %flat : (tensor<1000000xf32>, tensor<1000000xf32>) -> tensor<1000000xf32>
  %1 = kiln.reduce %0 {kind = 0 : i32, dims = array<i64: 0>} : (tensor<1000000xf32>) -> tensor<f32>
  %2 = kiln.reduce %image {kind = 2 : i32, dims = array<i64: 0, 2, 3>} : (tensor<64x32x56x56xf32>) -> tensor<32xf32>
  %3 = kiln.window %x, %g {labels = "ncyx,noyx->ocyx", spatial = "yx", strides = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>, lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<64x3x34x34xf32>, tensor<64x16x32x32xf32>) -> tensor<16x3x3x3xf32>
  %4 = kiln.contract %a, %b {labels = "mk,kn->mn"} : (tensor<1024x1024xf32>, tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  return %1, %2, %3, %4 : tensor<f32>, tensor<32xf32>, tensor<16x3x3x3xf32>, tensor<1024x1024xf32>
}
