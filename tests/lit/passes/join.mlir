// Joins and views between kernels: what is written in its place, and what must be copied there.
// RUN: kiln-opt --split-input-file --kiln-fuse --kiln-layout=lanes=16 --kiln-hoist --kiln-schedule --kiln-plan %s | FileCheck %s

// Two convolutions write the parts of what the third one reads: no kernel joins them. The second part begins after 32 channels of 36 points.
// CHECK-LABEL: func.func @main
// CHECK:         kiln.launch @k0_main({{.*}}) {offsets = array<i64: [[#START:]]>}
// CHECK:         kiln.launch @k1_main({{.*}}) {offsets = array<i64: [[#START + 4608]]>}
// CHECK-NOT:     kiln.launch
// CHECK:         %[[J:.*]] = kiln.concat
// CHECK-SAME:      -> tensor<1x48x6x6xf32, #kiln.layout<"1%16,3,2,1/16,0">>
// CHECK:         kiln.launch @k2_main(%[[J]], {{.*}}) {offsets = array<i64: -1>}
func.func @main(%x: tensor<1x3x8x8xf32>) -> tensor<1x7x1x1xf32> {
  %w = kiln.use @w : tensor<32x3x3x3xf32>
  %v = kiln.use @v : tensor<16x3x3x3xf32>
  %u = kiln.use @u : tensor<7x48x6x6xf32>
  %0 = kiln.window %x, %w {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<32x3x3x3xf32>) -> tensor<1x32x6x6xf32>
  %1 = kiln.window %x, %v {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32>
  %2 = kiln.concat %0, %1 {dim = 1 : i64} : (tensor<1x32x6x6xf32>, tensor<1x16x6x6xf32>) -> tensor<1x48x6x6xf32>
  %3 = kiln.window %2, %u {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x48x6x6xf32>, tensor<7x48x6x6xf32>) -> tensor<1x7x1x1xf32>
  return %3 : tensor<1x7x1x1xf32>
}
kiln.parameter @w : tensor<32x3x3x3xf32>
kiln.parameter @v : tensor<16x3x3x3xf32>
kiln.parameter @u : tensor<7x48x6x6xf32>

// -----

// The padding that the reader wants is a halo of the whole, and so of the parts: 8 x 8 points, not 6 x 6.
// CHECK-LABEL: func.func @main
// CHECK:         kiln.launch @k0_main({{.*}}) {offsets = array<i64: [[#START:]]>} {{.*}} -> tensor<1x16x6x6xf32, #kiln.layout<"1%16,3,2,1/16,0;halo=2:1:1,3:1:1">>
// CHECK:         kiln.launch @k1_main({{.*}}) {offsets = array<i64: [[#START + 4096]]>} {{.*}} -> tensor<1x16x6x6xf32, #kiln.layout<"1%16,3,2,1/16,0;halo=2:1:1,3:1:1">>
// CHECK-NOT:     kiln.launch
// CHECK:         kiln.concat
func.func @main(%x: tensor<1x3x8x8xf32>) -> tensor<1x7x6x6xf32> {
  %w = kiln.use @w : tensor<16x3x3x3xf32>
  %v = kiln.use @v : tensor<16x3x3x3xf32>
  %u = kiln.use @u : tensor<7x32x3x3xf32>
  %0 = kiln.window %x, %w {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32>
  %1 = kiln.window %x, %v {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32>
  %2 = kiln.concat %0, %1 {dim = 1 : i64} : (tensor<1x16x6x6xf32>, tensor<1x16x6x6xf32>) -> tensor<1x32x6x6xf32>
  %3 = kiln.window %2, %u {dilation = array<i64: 1, 1>, high = array<i64: 1, 1>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 1>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x32x6x6xf32>, tensor<7x32x3x3xf32>) -> tensor<1x7x6x6xf32>
  return %3 : tensor<1x7x6x6xf32>
}
kiln.parameter @w : tensor<16x3x3x3xf32>
kiln.parameter @v : tensor<16x3x3x3xf32>
kiln.parameter @u : tensor<7x32x3x3xf32>

// -----

// 24 channels are no whole number of blocks of 16: what follows them cannot be written in place, and one kernel copies both.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-3: kiln.launch
// CHECK-NOT:     kiln.concat
func.func @main(%x: tensor<1x3x8x8xf32>) -> tensor<1x40x6x6xf32> {
  %w = kiln.use @w : tensor<24x3x3x3xf32>
  %v = kiln.use @v : tensor<16x3x3x3xf32>
  %0 = kiln.window %x, %w {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<24x3x3x3xf32>) -> tensor<1x24x6x6xf32>
  %1 = kiln.window %x, %v {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32>
  %2 = kiln.concat %0, %1 {dim = 1 : i64} : (tensor<1x24x6x6xf32>, tensor<1x16x6x6xf32>) -> tensor<1x40x6x6xf32>
  %3 = kiln.pool %2 {kind = 2 : i32, window = array<i64: 1, 1, 2, 2>, strides = array<i64: 1, 1, 1, 1>, low = array<i64: 0, 0, 0, 0>, high = array<i64: 0, 0, 1, 1>, dilation = array<i64: 1, 1, 1, 1>} : (tensor<1x40x6x6xf32>) -> tensor<1x40x6x6xf32>
  return %3 : tensor<1x40x6x6xf32>
}
kiln.parameter @w : tensor<24x3x3x3xf32>
kiln.parameter @v : tensor<16x3x3x3xf32>

// -----

// Flat gradients: each kernel writes its part of the caller's memory through the view that makes it flat. A value that is joined twice is
// copied the second time, and so are the caller's and a parameter.
// CHECK-LABEL: func.func @main
// CHECK:         kiln.launch @{{.*}}(%arg0) {offsets = array<i64: -1>}
// CHECK:         kiln.launch @{{.*}}(%arg1) {offsets = array<i64: -1>, within = array<i64: 24>}
// CHECK:         kiln.launch @copy{{.*}} {offsets = array<i64: -1>, within = array<i64: 64>}
// CHECK:         kiln.launch @copy{{.*}}(%arg2) {offsets = array<i64: -1>, within = array<i64: 88>}
// CHECK:         kiln.launch @copy{{.*}} {offsets = array<i64: -1>, part, within = array<i64: 100>}
// CHECK-NOT:     kiln.launch
func.func @main(%x: tensor<2x3xf32>, %y: tensor<10xf32>, %z: tensor<3xf32>) -> tensor<30xf32> {
  %0 = kiln.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 6>} : (tensor<2x3xf32>) -> tensor<6xf32>
  %2 = kiln.exp %y : (tensor<10xf32>) -> tensor<10xf32>
  %p = kiln.use @p : tensor<5xf32>
  %3 = kiln.concat %1, %2, %1, %z, %p {dim = 0 : i64} : (tensor<6xf32>, tensor<10xf32>, tensor<6xf32>, tensor<3xf32>, tensor<5xf32>) -> tensor<30xf32>
  return %3 : tensor<30xf32>
}
kiln.parameter @p : tensor<5xf32>

// -----

// A flat region is cut into weights without a copy; so is a row of it, and a piece of a piece.
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    kiln.slice %arg0
// CHECK-NEXT:    kiln.reshape
// CHECK-NEXT:    kiln.slice %arg0
// CHECK-NEXT:    kiln.reshape
// CHECK-NEXT:    kiln.slice
// CHECK-NEXT:    kiln.launch {{.*}}offsets = array<i64: -1>
// CHECK-NOT:     kiln.launch
func.func @main(%p: tensor<100xf32>, %x: tensor<2x4xf32>) -> tensor<2x16xf32> {
  %0 = kiln.slice %p {starts = array<i64: 1>, sizes = array<i64: 64>, steps = array<i64: 1>} : (tensor<100xf32>) -> tensor<64xf32>
  %w = kiln.reshape %0 {shape = array<i64: 4, 16>} : (tensor<64xf32>) -> tensor<4x16xf32>
  %1 = kiln.slice %p {starts = array<i64: 65>, sizes = array<i64: 32>, steps = array<i64: 1>} : (tensor<100xf32>) -> tensor<32xf32>
  %2 = kiln.reshape %1 {shape = array<i64: 2, 16>} : (tensor<32xf32>) -> tensor<2x16xf32>
  %3 = kiln.slice %2 {starts = array<i64: 1, 0>, sizes = array<i64: 1, 16>, steps = array<i64: 1, 1>} : (tensor<2x16xf32>) -> tensor<1x16xf32>
  %4 = kiln.contract %x, %w {labels = "bi,io->bo"} : (tensor<2x4xf32>, tensor<4x16xf32>) -> tensor<2x16xf32>
  %5 = kiln.broadcast %3 {dims = array<i64: 0, 1>, shape = array<i64: 2, 16>} : (tensor<1x16xf32>) -> tensor<2x16xf32>
  %6 = kiln.add %4, %5 : (tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<2x16xf32>
  return %6 : tensor<2x16xf32>
}

// -----

// Parts of parts: a dense block's joins are one buffer, the shorter at the start of the longer.
// CHECK-LABEL: func.func @main
// CHECK:         kiln.launch @{{.*}} {offsets = array<i64: [[#A:]]>}
// CHECK:         kiln.launch @{{.*}} {offsets = array<i64: [[#A + 1024]]>}
// CHECK:         kiln.launch @{{.*}} {offsets = array<i64: [[#A + 2048]]>}
// CHECK:         kiln.launch @{{.*}} {offsets = array<i64: -1>}
// CHECK-NOT:     kiln.launch
func.func @main(%x: tensor<256xf32>) -> tensor<768xf32> {
  %0 = kiln.exp %x : (tensor<256xf32>) -> tensor<256xf32>
  %1 = kiln.cumulative %0 {dim = 0 : i64} : (tensor<256xf32>) -> tensor<256xf32>
  %2 = kiln.concat %0, %1 {dim = 0 : i64} : (tensor<256xf32>, tensor<256xf32>) -> tensor<512xf32>
  %3 = kiln.slice %2 {starts = array<i64: 511>, sizes = array<i64: 256>, steps = array<i64: -2>} : (tensor<512xf32>) -> tensor<256xf32>
  %4 = kiln.cumulative %3 {dim = 0 : i64} : (tensor<256xf32>) -> tensor<256xf32>
  %5 = kiln.concat %2, %4 {dim = 0 : i64} : (tensor<512xf32>, tensor<256xf32>) -> tensor<768xf32>
  %6 = kiln.cumulative %5 {dim = 0 : i64} : (tensor<768xf32>) -> tensor<768xf32>
  return %6 : tensor<768xf32>
}
