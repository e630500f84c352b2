// How values between launches are stored: channels in blocks of a vector, a halo where the next convolution pads, the caller's order
// at the borders of the model.
// RUN: kiln-opt --kiln-fuse --kiln-layout %s | FileCheck %s

// CHECK:       kiln.kernel @[[FIRST:k[0-9]+_main]](%arg0: tensor<1x16x8x8xf32>,
// CHECK-SAME:    -> tensor<1x32x8x8xf32, #kiln.layout<"1%16,3,2,1/16,0;halo=2:1:1,3:1:1">>
// CHECK:       kiln.kernel @[[SECOND:k[0-9]+_main]](%arg0: tensor<1x32x8x8xf32, #kiln.layout<"1%16,3,2,1/16,0;halo=2:1:1,3:1:1">>,
// CHECK-SAME:    -> tensor<1x32x8x8xf32, #kiln.layout<"1%16,3,2,1/16,0">>
// CHECK-LABEL: func.func @main(%arg0: tensor<1x16x8x8xf32>) -> tensor<1x32x8x8xf32>
// CHECK:         %[[W:.*]] = kiln.use @w
// CHECK-NEXT:    %[[P:.*]] = kiln.launch @{{copy.*}}(%[[W]]) : (tensor<32x16x3x3xf32>) -> tensor<32x16x3x3xf32, #kiln.layout<"0%16,
// CHECK:         %[[H:.*]] = kiln.launch @[[FIRST]](%arg0, %[[P]])
// CHECK:         %[[R:.*]] = kiln.launch @[[SECOND]](%[[H]],
// CHECK:         %[[D:.*]] = kiln.launch @{{copy.*}}(%[[R]]) : (tensor<1x32x8x8xf32, #kiln.layout<"1%16,3,2,1/16,0">>) -> tensor<1x32x8x8xf32>
// CHECK-NEXT:    return %[[D]]
func.func @main(%x: tensor<1x16x8x8xf32>) -> tensor<1x32x8x8xf32> {
  %w = kiln.use @w : tensor<32x16x3x3xf32>
  %v = kiln.use @v : tensor<32x32x3x3xf32>
  %0 = kiln.window %x, %w {dilation = array<i64: 1, 1>, high = array<i64: 1, 1>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 1>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x16x8x8xf32>, tensor<32x16x3x3xf32>) -> tensor<1x32x8x8xf32>
  %1 = kiln.window %0, %v {dilation = array<i64: 1, 1>, high = array<i64: 1, 1>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 1>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x32x8x8xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x8x8xf32>
  return %1 : tensor<1x32x8x8xf32>
}
kiln.parameter @w : tensor<32x16x3x3xf32>
kiln.parameter @v : tensor<32x32x3x3xf32>
