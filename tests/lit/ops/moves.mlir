// Moves of moves become one, or none.
// RUN: kiln-opt --canonicalize --split-input-file %s | FileCheck %s

// CHECK-LABEL: func.func @transposes_compose
// CHECK:         %[[T:.*]] = kiln.transpose %arg0 {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
// CHECK-NEXT:    return %[[T]]
func.func @transposes_compose(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  %0 = kiln.transpose %x {perm = array<i64: 2, 1, 0>} : (tensor<2x3x4xf32>) -> tensor<4x3x2xf32>
  %1 = kiln.transpose %0 {perm = array<i64: 1, 0, 2>} : (tensor<4x3x2xf32>) -> tensor<3x4x2xf32>
  return %1 : tensor<3x4x2xf32>
}

// -----

// CHECK-LABEL: func.func @there_and_back
// CHECK-NEXT:    return %arg0
func.func @there_and_back(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = kiln.transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = kiln.transpose %0 {perm = array<i64: 1, 2, 0>} : (tensor<4x2x3xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// -----

// What moves extents of one alone leaves every element where it is.
// CHECK-LABEL: func.func @unit_dimensions
// CHECK-NEXT:    %[[R:.*]] = kiln.reshape %arg0 {shape = array<i64: 3, 1, 4>} : (tensor<1x3x4xf32>) -> tensor<3x1x4xf32>
// CHECK-NEXT:    return %[[R]]
func.func @unit_dimensions(%x: tensor<1x3x4xf32>) -> tensor<3x1x4xf32> {
  %0 = kiln.transpose %x {perm = array<i64: 1, 0, 2>} : (tensor<1x3x4xf32>) -> tensor<3x1x4xf32>
  return %0 : tensor<3x1x4xf32>
}

// -----

// CHECK-LABEL: func.func @reshapes_collapse
// CHECK-NEXT:    return %arg0
func.func @reshapes_collapse(%x: tensor<6xf32>) -> tensor<6xf32> {
  %0 = kiln.reshape %x {shape = array<i64: 2, 3>} : (tensor<6xf32>) -> tensor<2x3xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 3, 2>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %2 = kiln.reshape %1 {shape = array<i64: 6>} : (tensor<3x2xf32>) -> tensor<6xf32>
  return %2 : tensor<6xf32>
}

// -----

// A kept dimension of extent one is no move when it is broadcast at once.
// CHECK-LABEL: func.func @broadcast_of_unit_reshape
// CHECK-NEXT:    %[[B:.*]] = kiln.broadcast %arg0 {dims = array<i64: 0>, shape = array<i64: 5, 7>} : (tensor<5xf32>) -> tensor<5x7xf32>
// CHECK-NEXT:    return %[[B]]
func.func @broadcast_of_unit_reshape(%x: tensor<5xf32>) -> tensor<5x7xf32> {
  %0 = kiln.reshape %x {shape = array<i64: 5, 1>} : (tensor<5xf32>) -> tensor<5x1xf32>
  %1 = kiln.broadcast %0 {dims = array<i64: 0, 1>, shape = array<i64: 5, 7>} : (tensor<5x1xf32>) -> tensor<5x7xf32>
  return %1 : tensor<5x7xf32>
}

// -----

// One that regroups extents is.
// CHECK-LABEL: func.func @broadcast_of_reshape
// CHECK:         kiln.reshape
// CHECK:         kiln.broadcast
func.func @broadcast_of_reshape(%x: tensor<6xf32>) -> tensor<2x3x7xf32> {
  %0 = kiln.reshape %x {shape = array<i64: 2, 3>} : (tensor<6xf32>) -> tensor<2x3xf32>
  %1 = kiln.broadcast %0 {dims = array<i64: 0, 1>, shape = array<i64: 2, 3, 7>} : (tensor<2x3xf32>) -> tensor<2x3x7xf32>
  return %1 : tensor<2x3x7xf32>
}

// -----

// CHECK-LABEL: func.func @broadcast_to_itself
// CHECK-NEXT:    return %arg0
func.func @broadcast_to_itself(%x: tensor<5x7xf32>) -> tensor<5x7xf32> {
  %0 = kiln.broadcast %x {dims = array<i64: 0, 1>, shape = array<i64: 5, 7>} : (tensor<5x7xf32>) -> tensor<5x7xf32>
  return %0 : tensor<5x7xf32>
}

// -----

// A map meets the product that feeds it: the reshape between them goes behind it, the bias and the splat change shape with it.
// CHECK-LABEL: func.func @reshapes_sink
// CHECK:         %[[S:.*]] = kiln.constant dense<3.000000e+00> : tensor<2x3x5xf32>
// CHECK:         %[[C:.*]] = kiln.contract
// CHECK:         %[[B:.*]] = kiln.broadcast %arg2 {dims = array<i64: 2>, shape = array<i64: 2, 3, 5>}
// CHECK:         %[[A:.*]] = kiln.add %[[C]], %[[B]] : (tensor<2x3x5xf32>, tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
// CHECK:         %[[M:.*]] = kiln.max %[[A]], %[[S]]
// CHECK:         %[[R:.*]] = kiln.reshape %[[M]] {shape = array<i64: 6, 5>}
// CHECK-NEXT:    return %[[R]]
func.func @reshapes_sink(%x: tensor<2x3x4xf32>, %w: tensor<4x5xf32>, %b: tensor<5xf32>) -> tensor<6x5xf32> {
  %0 = kiln.contract %x, %w {labels = "abk,kn->abn"} : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x3x5xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 6, 5>} : (tensor<2x3x5xf32>) -> tensor<6x5xf32>
  %2 = kiln.broadcast %b {dims = array<i64: 1>, shape = array<i64: 6, 5>} : (tensor<5xf32>) -> tensor<6x5xf32>
  %3 = kiln.add %1, %2 : (tensor<6x5xf32>, tensor<6x5xf32>) -> tensor<6x5xf32>
  %s = kiln.constant dense<3.0> : tensor<6x5xf32>
  %4 = kiln.max %3, %s : (tensor<6x5xf32>, tensor<6x5xf32>) -> tensor<6x5xf32>
  return %4 : tensor<6x5xf32>
}

// -----

// Not where another operand has no such form.
// CHECK-LABEL: func.func @reshape_stays
// CHECK:         kiln.tanh
// CHECK-NEXT:    kiln.reshape
// CHECK-NEXT:    kiln.add
func.func @reshape_stays(%x: tensor<2x3xf32>, %y: tensor<6xf32>) -> tensor<6xf32> {
  %0 = kiln.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 6>} : (tensor<2x3xf32>) -> tensor<6xf32>
  %2 = kiln.add %1, %y : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  return %2 : tensor<6xf32>
}
