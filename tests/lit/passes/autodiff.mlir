// RUN: kiln-opt --kiln-autodiff --canonicalize --cse %s | FileCheck %s

// A value used twice adds up what it gets; the cotangent of one leaves no trace.
// CHECK-LABEL: func.func @twice
// CHECK: %[[COS:.*]] = kiln.cos %arg0
// CHECK: %[[SUM:.*]] = kiln.add
// CHECK: return %[[SUM]]
func.func @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = kiln.sin %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = kiln.mul %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = kiln.add %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %g = kiln.gradient %2 wrt(%x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// Nothing flows through detach, and it is gone.
// CHECK-LABEL: func.func @detached
// CHECK-NOT: kiln.detach
// CHECK: %[[EXP:.*]] = kiln.exp %arg0
// CHECK: return %[[EXP]] : tensor<4xf32>
func.func @detached(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = kiln.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = kiln.detach %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = kiln.mul %1, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %g = kiln.gradient %2 wrt(%x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// A gradient of a gradient: the second derivative of the sine is its negative.
// CHECK-LABEL: func.func @second
// CHECK: %[[SIN:.*]] = kiln.sin %arg0
// CHECK: %[[NEG:.*]] = kiln.neg %[[SIN]]
// CHECK: return %[[NEG]]
func.func @second(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = kiln.sin %x : (tensor<4xf32>) -> tensor<4xf32>
  %g = kiln.gradient %0 wrt(%x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %h = kiln.gradient %g wrt(%x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %h : tensor<4xf32>
}

// A product's gradients are products: a convolution by its kernel turned round, and the image by the cotangent.
// CHECK-LABEL: func.func @convolution
// CHECK-DAG: kiln.window {{.*}}labels = "noyx,ocyx->ncyx"
// CHECK-DAG: kiln.window {{.*}}labels = "ncyx,noyx->ocyx"
func.func @convolution(%x: tensor<1x2x6x6xf32>, %w: tensor<3x2x3x3xf32>) -> (tensor<1x2x6x6xf32>, tensor<3x2x3x3xf32>) {
  %0 = kiln.window %x, %w {labels = "ncyx,ocyx->noyx", spatial = "yx", strides = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>,
      lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x2x6x6xf32>, tensor<3x2x3x3xf32>) -> tensor<1x3x4x4xf32>
  %1 = kiln.tanh %0 : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  %gx, %gw = kiln.gradient %1 wrt(%x, %w) : (tensor<1x3x4x4xf32>, tensor<1x2x6x6xf32>, tensor<3x2x3x3xf32>) -> (tensor<1x2x6x6xf32>, tensor<3x2x3x3xf32>)
  return %gx, %gw : tensor<1x2x6x6xf32>, tensor<3x2x3x3xf32>
}
