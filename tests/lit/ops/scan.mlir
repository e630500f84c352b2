// Text, simplification and steps of scan.
// RUN: kiln-opt %s | kiln-opt | FileCheck %s --check-prefix=TEXT
// RUN: kiln-opt --canonicalize %s | FileCheck %s --check-prefix=SIMPLE
// RUN: kiln-opt --kiln-unroll --canonicalize %s | FileCheck %s --check-prefix=STEPS

// TEXT-LABEL: func.func @sums
// TEXT: kiln.scan 3 carry(%[[H:.*]] = %arg0) over(%[[X:.*]] = %arg1) with(%[[W:.*]] = %arg2) {reverse} : (tensor<4xf32>, tensor<3x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) {
// TEXT-NEXT: kiln.mul %[[X]], %[[W]]
// STEPS-LABEL: func.func @sums
// STEPS-NOT: kiln.scan
// STEPS: kiln.slice %arg1 {{.*}}starts = array<i64: 2, 0>
// STEPS: %[[THIRD:.*]] = kiln.add %arg0
// STEPS: kiln.slice %arg1 {{.*}}starts = array<i64: 1, 0>
// STEPS: %[[SECOND:.*]] = kiln.add %[[THIRD]]
// STEPS: kiln.slice %arg1 {{.*}}starts = array<i64: 0, 0>
// STEPS: %[[FIRST:.*]] = kiln.add %[[SECOND]]
// STEPS-DAG: %[[A:.*]] = kiln.reshape %[[FIRST]]
// STEPS-DAG: %[[B:.*]] = kiln.reshape %[[SECOND]]
// STEPS-DAG: %[[C:.*]] = kiln.reshape %[[THIRD]]
// STEPS: %[[ALL:.*]] = kiln.concat %[[A]], %[[B]], %[[C]]
// STEPS: return %[[FIRST]], %[[ALL]]
func.func @sums(%h0: tensor<4xf32>, %xs: tensor<3x4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) {
  %last, %all = kiln.scan 3 carry(%h = %h0) over(%x = %xs) with(%u = %w) {reverse} : (tensor<4xf32>, tensor<3x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) {
    %0 = kiln.mul %x, %u : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %1 = kiln.add %h, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    kiln.return %1, %1 : tensor<4xf32>, tensor<4xf32>
  }
  return %last, %all : tensor<4xf32>, tensor<3x4xf32>
}

// What nobody reads is neither carried nor stacked; a state that stays as it is, is a use.
// SIMPLE-LABEL: func.func @pruned
// SIMPLE: %[[R:.*]] = kiln.scan 3 over(%[[X:.*]] = %arg1) with(%[[W:.*]] = %arg2) : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
// SIMPLE-NEXT: %[[Y:.*]] = kiln.mul %[[X]], %[[W]]
// SIMPLE-NEXT: kiln.return %[[Y]] : tensor<4xf32>
// SIMPLE: return %[[R]], %arg2
func.func @pruned(%h0: tensor<4xf32>, %xs: tensor<3x4xf32>, %w: tensor<4xf32>) -> (tensor<3x4xf32>, tensor<4xf32>) {
  %0:5 = kiln.scan 3 carry(%h = %h0, %g = %w) over(%x = %xs) with(%u = %h0) : (tensor<4xf32>, tensor<4xf32>, tensor<3x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>) {
    %1 = kiln.mul %x, %g : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %2 = kiln.add %h, %u : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    kiln.return %2, %g, %1, %2, %h : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %0#2, %0#1 : tensor<3x4xf32>, tensor<4xf32>
}
