// Rows of a picture that a product made are blocked: the kernel of the window that reads them is packed along each of its dimensions once.
// RUN: kiln-opt --kiln-fuse --kiln-layout=lanes=16 %s | FileCheck %s

// CHECK: kiln.kernel @k1_main({{.*}}, %arg1: tensor<32x1x3x3xf32, #kiln.layout<"0%16,3,2,1,0/16">>)
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<2x1x8x32xf32>, %m: tensor<2x28x32xf32>, %w: tensor<32x1x3x3xf32>) -> tensor<2x32x8x28xf32> {
  %0 = kiln.contract %x, %m {labels = "bchx,bwx->bchw"} : (tensor<2x1x8x32xf32>, tensor<2x28x32xf32>) -> tensor<2x1x8x28xf32>
  %1 = kiln.window %0, %w {labels = "ncyx,ocyx->noyx", spatial = "yx", strides = array<i64: 1, 1>, low = array<i64: 1, 1>, high = array<i64: 1, 1>, lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<2x1x8x28xf32>, tensor<32x1x3x3xf32>) -> tensor<2x32x8x28xf32>
  return %1 : tensor<2x32x8x28xf32>
}
