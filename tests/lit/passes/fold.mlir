// Small integer constants, as shape arithmetic leaves them, fold by the op's own algorithm; moves fold for every type.
// RUN: kiln-opt --canonicalize --split-input-file %s | FileCheck %s

// Truncation, not floor, and wrapping.
// CHECK-LABEL: func.func @integers
// CHECK-DAG:     kiln.constant dense<[-3, 3, -3]>
// CHECK-DAG:     kiln.constant dense<-2147483648>
func.func @integers() -> (tensor<3xi32>, tensor<i32>) {
  %0 = kiln.constant dense<[-7, 7, 7]> : tensor<3xi32>
  %1 = kiln.constant dense<[2, 2, -2]> : tensor<3xi32>
  %2 = kiln.div %0, %1 : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %3 = kiln.constant dense<2147483647> : tensor<i32>
  %4 = kiln.constant dense<1> : tensor<i32>
  %5 = kiln.add %3, %4 : (tensor<i32>, tensor<i32>) -> tensor<i32>
  return %2, %5 : tensor<3xi32>, tensor<i32>
}

// -----

// Moves: transpose, then slice backwards.
// CHECK-LABEL: func.func @moves
// CHECK:         kiln.constant dense<{{\[}}[2, 5], [1, 4]]>
func.func @moves() -> tensor<2x2xi64> {
  %0 = kiln.constant dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi64>
  %1 = kiln.transpose %0 {perm = array<i64: 1, 0>} : (tensor<2x3xi64>) -> tensor<3x2xi64>
  %2 = kiln.slice %1 {starts = array<i64: 2, 0>, sizes = array<i64: 2, 2>, steps = array<i64: -1, 1>} : (tensor<3x2xi64>) -> tensor<2x2xi64>
  return %2 : tensor<2x2xi64>
}

// -----

// CHECK-LABEL: func.func @special_values_move_unchanged
// CHECK:         kiln.constant dense<[0xFF800000, 0x7FC00000, -0.000000e+00]>
func.func @special_values_move_unchanged() -> tensor<3xf32> {
  %0 = kiln.constant dense<[-0.0, 0x7FC00000, 0xFF800000]> : tensor<3xf32>
  %1 = kiln.slice %0 {starts = array<i64: 2>, sizes = array<i64: 3>, steps = array<i64: -1>} : (tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}
