// How the values of a training step are stored: kernels turned round in the order of the product's walk, rows of whole vectors, zeros behind
// rows that are summed, sums over channels in the channels' blocks.
// RUN: kiln-opt --kiln-fuse --kiln-layout %s --split-input-file | FileCheck %s

// The image's gradient: six channels are too few for sixteen lanes, so that lanes run along x, 14 columns in one vector of 16, and the
// cotangent, made in blocks of channels, is stored once more with its halo, two columns further than the window reaches.
// CHECK:       kiln.kernel @[[SUM:k[0-9]+_rows]](%arg0: tensor<4x16x10x10xf32, #kiln.layout<"1%16,3,2,1/16,0">>) -> tensor<16xf32, #kiln.layout<"0%16,0/16">>
// CHECK-LABEL: func.func @rows
// CHECK:         kiln.launch @{{copy.*}} -> tensor<4x16x10x10xf32, #kiln.layout<"3,2,1,0;halo=2:4:4,3:4:6">>
// CHECK:         kiln.launch @{{.*}} -> tensor<4x6x14x14xf32, #kiln.layout<"3%16,3/16,2,1,0">>
func.func @rows(%x: tensor<4x6x14x14xf32>, %w: tensor<16x6x5x5xf32>) -> (tensor<6xf32>, tensor<16xf32>) {
  %0 = kiln.window %x, %w {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<4x6x14x14xf32>, tensor<16x6x5x5xf32>) -> tensor<4x16x10x10xf32>
  %1 = kiln.slice %w {starts = array<i64: 0, 0, 4, 4>, sizes = array<i64: 16, 6, 5, 5>, steps = array<i64: 1, 1, -1, -1>} : (tensor<16x6x5x5xf32>) -> tensor<16x6x5x5xf32>
  %2 = kiln.window %0, %1 {dilation = array<i64: 1, 1>, high = array<i64: 4, 4>, labels = "noyx,ocyx->ncyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 4, 4>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<4x16x10x10xf32>, tensor<16x6x5x5xf32>) -> tensor<4x6x14x14xf32>
  %3 = kiln.reduce %2 {kind = 0 : i32, dims = array<i64: 0, 2, 3>} : (tensor<4x6x14x14xf32>) -> tensor<6xf32>
  %4 = kiln.reduce %0 {kind = 0 : i32, dims = array<i64: 0, 2, 3>} : (tensor<4x16x10x10xf32>) -> tensor<16xf32>
  return %3, %4 : tensor<6xf32>, tensor<16xf32>
}

// -----

// Enough channels: the kernel turned round is written as it is read.
// CHECK-LABEL: func.func @turned
// CHECK:         kiln.launch @{{k.*}}(%arg1) : (tensor<32x16x3x3xf32>) -> tensor<32x16x3x3xf32, #kiln.layout<"1%16,3,2,0,1/16">>
func.func @turned(%g: tensor<16x32x8x8xf32>, %w: tensor<32x16x3x3xf32>) -> tensor<16x16x8x8xf32> {
  %1 = kiln.slice %w {starts = array<i64: 0, 0, 2, 2>, sizes = array<i64: 32, 16, 3, 3>, steps = array<i64: 1, 1, -1, -1>} : (tensor<32x16x3x3xf32>) -> tensor<32x16x3x3xf32>
  %2 = kiln.window %g, %1 {dilation = array<i64: 1, 1>, high = array<i64: 1, 1>, labels = "noyx,ocyx->ncyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 1>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<16x32x8x8xf32>, tensor<32x16x3x3xf32>) -> tensor<16x16x8x8xf32>
  return %2 : tensor<16x16x8x8xf32>
}

// -----

// The kernel's gradient: both images have four zeros behind each row.
// CHECK-LABEL: func.func @kernel
// CHECK:         kiln.launch @{{k.*}} -> tensor<4x6x28x28xf32, #kiln.layout<"3,2,1,0;halo=3:0:4">>
// CHECK:         kiln.launch @{{copy.*}}(%arg0) : (tensor<4x1x32x32xf32>) -> tensor<4x1x32x32xf32, #kiln.layout<"3,2,1,0;halo=3:0:4">>
func.func @kernel(%x: tensor<4x1x32x32xf32>, %g: tensor<4x6x28x28xf32>) -> tensor<6x1x5x5xf32> {
  %0 = kiln.tanh %g : (tensor<4x6x28x28xf32>) -> tensor<4x6x28x28xf32>
  %1 = kiln.window %x, %0 {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,noyx->ocyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<4x1x32x32xf32>, tensor<4x6x28x28xf32>) -> tensor<6x1x5x5xf32>
  return %1 : tensor<6x1x5x5xf32>
}
