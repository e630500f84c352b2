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
