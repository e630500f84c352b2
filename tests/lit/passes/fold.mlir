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

// -----

// The extremes: nothing traps, everything wraps or is defined.
// CHECK-LABEL: func.func @extremes
// CHECK-DAG:     %[[DIV:.*]] = kiln.constant dense<[-9223372036854775808, 0, 0, 0]> : tensor<4xi64>
// CHECK-DAG:     %[[NEG:.*]] = kiln.constant dense<[-9223372036854775808, -5, 0, -9223372036854775807]> : tensor<4xi64>
// CHECK-DAG:     %[[MOD:.*]] = kiln.constant dense<[2, -2]> : tensor<2xi32>
// CHECK-DAG:     %[[FMOD:.*]] = kiln.constant dense<[-1, 1]> : tensor<2xi32>
// CHECK:         return %[[DIV]], %[[NEG]], %[[MOD]], %[[FMOD]]
func.func @extremes() -> (tensor<4xi64>, tensor<4xi64>, tensor<2xi32>, tensor<2xi32>) {
  %x = kiln.constant dense<[-9223372036854775808, 5, 0, 9223372036854775807]> : tensor<4xi64>
  %y = kiln.constant dense<[-1, 0, 0, -9223372036854775808]> : tensor<4xi64>
  %0 = kiln.div %x, %y : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  %1 = kiln.neg %x : (tensor<4xi64>) -> tensor<4xi64>
  %a = kiln.constant dense<[-7, 7]> : tensor<2xi32>
  %b = kiln.constant dense<[3, -3]> : tensor<2xi32>
  %2 = kiln.mod %a, %b : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  %3 = kiln.fmod %a, %b : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  return %0, %1, %2, %3 : tensor<4xi64>, tensor<4xi64>, tensor<2xi32>, tensor<2xi32>
}

// -----

// What exporters make of a flatten: Shape, Gather, Unsqueeze, Concat come to one constant.
// CHECK-LABEL: func.func @shape_arithmetic
// CHECK-NEXT:    %[[S:.*]] = kiln.constant dense<[2, -1]> : tensor<2xi64>
// CHECK-NEXT:    return %[[S]]
func.func @shape_arithmetic() -> tensor<2xi64> {
  %shape = kiln.constant dense<[2, 3, 4, 5]> : tensor<4xi64>
  %first = kiln.constant dense<0> : tensor<i64>
  %rest = kiln.constant dense<-1> : tensor<1xi64>
  %0 = kiln.gather %shape, %first {axis = 0 : i64} : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
  %1 = kiln.reshape %0 {shape = array<i64: 1>} : (tensor<i64>) -> tensor<1xi64>
  %2 = kiln.concat %1, %rest {dim = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  return %2 : tensor<2xi64>
}

// -----

// Casts saturate and truncate; reductions and predicates fold too.
// CHECK-LABEL: func.func @casts_and_reductions
// CHECK-DAG:     %[[P:.*]] = kiln.constant dense<120> : tensor<i64>
// CHECK-DAG:     %[[L:.*]] = kiln.constant dense<[true, false, false]> : tensor<3xi1>
// CHECK-DAG:     %[[W:.*]] = kiln.constant dense<[44, -1, 0]> : tensor<3xi8>
// CHECK-DAG:     %[[M:.*]] = kiln.constant dense<2> : tensor<i64>
// CHECK:         return %[[P]], %[[L]], %[[W]], %[[M]]
func.func @casts_and_reductions() -> (tensor<i64>, tensor<3xi1>, tensor<3xi8>, tensor<i64>) {
  %x = kiln.constant dense<[2, 3, 4, 5]> : tensor<4xi64>
  %0 = kiln.reduce %x {kind = 1 : i32, dims = array<i64: 0>} : (tensor<4xi64>) -> tensor<i64>
  %a = kiln.constant dense<[300, -1, 256]> : tensor<3xi32>
  %b = kiln.constant dense<[301, -1, 0]> : tensor<3xi32>
  %1 = kiln.lt %a, %b : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi1>
  %2 = kiln.cast %a {to = i8} : (tensor<3xi32>) -> tensor<3xi8>
  %c = kiln.constant dense<[7, 1, 9, 9]> : tensor<4xi64>
  %3 = kiln.arg_reduce %c {kind = 2 : i32, dim = 0 : i64} : (tensor<4xi64>) -> tensor<i64>
  return %0, %1, %2, %3 : tensor<i64>, tensor<3xi1>, tensor<3xi8>, tensor<i64>
}

// -----

// A splat of any size folds as one element; a large constant of different elements only where it is small enough to compute here.
// CHECK-LABEL: func.func @splat
// CHECK-NEXT:    %[[S:.*]] = kiln.constant dense<-4> : tensor<1000x1000xi32>
// CHECK-NEXT:    return %[[S]]
func.func @splat() -> tensor<1000x1000xi32> {
  %0 = kiln.constant dense<4> : tensor<1000xi32>
  %1 = kiln.broadcast %0 {dims = array<i64: 1>, shape = array<i64: 1000, 1000>} : (tensor<1000xi32>) -> tensor<1000x1000xi32>
  %2 = kiln.neg %1 : (tensor<1000x1000xi32>) -> tensor<1000x1000xi32>
  return %2 : tensor<1000x1000xi32>
}

// -----

// Zero times infinity is no number, which the simplifier does not know: products of floats are left to kernels. So is what is strict.
// CHECK-LABEL: func.func @left_to_kernels
// CHECK:         kiln.contract
// CHECK:         kiln.exp
func.func @left_to_kernels() -> (tensor<f32>, tensor<2xf32>) {
  %0 = kiln.constant dense<[0x7F800000, 1.0]> : tensor<2xf32>
  %1 = kiln.constant dense<[0.0, 2.0]> : tensor<2xf32>
  %2 = kiln.contract %0, %1 {labels = "k,k->"} : (tensor<2xf32>, tensor<2xf32>) -> tensor<f32>
  %3 = kiln.exp %1 : (tensor<2xf32>) -> tensor<2xf32>
  return %2, %3 : tensor<f32>, tensor<2xf32>
}

// -----

// What has no elements needs no kernel, also where the operands are known at run time alone; a sum over nothing has elements.
// CHECK-LABEL: func.func @empty
// CHECK-NEXT:    %[[E:.*]] = kiln.constant dense<> : tensor<3x0xf32>
// CHECK-NEXT:    %[[S:.*]] = kiln.reduce
// CHECK-NEXT:    return %[[E]], %[[S]]
func.func @empty(%x: tensor<3x0xf32>, %y: tensor<5x0xf32>) -> (tensor<3x0xf32>, tensor<5xf32>) {
  %0 = kiln.neg %x : (tensor<3x0xf32>) -> tensor<3x0xf32>
  %1 = kiln.reduce %y {kind = 0 : i32, dims = array<i64: 1>} : (tensor<5x0xf32>) -> tensor<5xf32>
  return %0, %1 : tensor<3x0xf32>, tensor<5xf32>
}
