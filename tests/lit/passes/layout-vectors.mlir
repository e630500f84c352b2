// The width of a vector decides: six channels fill more than half of eight lanes, so they are blocked; of sixteen lanes they would leave
// most idle, so the image stays planar and vectors run along x. Halos are of either kind, and no wider than a stride of two reads.
// RUN: kiln-opt --kiln-fuse --kiln-layout=lanes=8 --split-input-file %s | FileCheck %s --check-prefixes=CHECK,EIGHT
// RUN: kiln-opt --kiln-fuse --kiln-layout=lanes=16 --split-input-file %s | FileCheck %s --check-prefixes=CHECK,SIXTEEN

// CHECK-LABEL: kiln.kernel @k0_main(
// EIGHT-SAME:    %arg0: tensor<1x3x16x16xf32>, %arg1: tensor<6x3x3x3xf32, #kiln.layout<"0%8,3,2,1,0/8">>) -> tensor<1x6x16x16xf32, #kiln.layout<"1%8,3,2,1/8,0;halo=2:1:0,3:1:0">>
// SIXTEEN-SAME:  %arg0: tensor<1x3x16x16xf32>, %arg1: tensor<6x3x3x3xf32>) -> tensor<1x6x16x16xf32, #kiln.layout<"3,2,1,0;halo=2:1:0,3:1:0">>
// CHECK-LABEL: kiln.kernel @k1_main(
// EIGHT-SAME:    -> tensor<1x6x8x8xf32, #kiln.layout<"1%8,3,2,1/8,0">>
// SIXTEEN-SAME:  -> tensor<1x6x8x8xf32> {
// EIGHT:         kiln.kernel @{{.*}}(%arg0: tensor<6x6x3x3xf32>) -> tensor<6x6x3x3xf32, #kiln.layout<"0%8,1%8,3,2,1/8,0/8">>
// SIXTEEN-NOT:   kiln.kernel
// CHECK-LABEL: func.func @main
kiln.parameter @w : tensor<6x3x3x3xf32>
kiln.parameter @v : tensor<6x6x3x3xf32>
func.func @main(%x: tensor<1x3x16x16xf32>) -> tensor<1x6x8x8xf32> {
  %w = kiln.use @w : tensor<6x3x3x3xf32>
  %v = kiln.use @v : tensor<6x6x3x3xf32>
  %0 = kiln.window %x, %w {dilation = array<i64: 1, 1>, high = array<i64: 1, 1>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 1>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x3x16x16xf32>, tensor<6x3x3x3xf32>) -> tensor<1x6x16x16xf32>
  %1 = kiln.window %0, %v {dilation = array<i64: 1, 1>, high = array<i64: 1, 1>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 1>, spatial = "yx", strides = array<i64: 2, 2>} : (tensor<1x6x16x16xf32>, tensor<6x6x3x3xf32>) -> tensor<1x6x8x8xf32>
  return %1 : tensor<1x6x8x8xf32>
}

// -----

// Rows are padded to whole vectors, and with them the bias and the weights; the result that the caller owns is copied out of its blocks.
// CHECK-LABEL: kiln.kernel @k0_main(
// EIGHT-SAME:    %arg1: tensor<10x20xf32, #kiln.layout<"1%8,0,1/8">>, %arg2: tensor<20xf32, #kiln.layout<"0%8,0/8">>) -> tensor<3x20xf32, #kiln.layout<"1%8,1/8,0">>
// SIXTEEN-SAME:  %arg1: tensor<10x20xf32, #kiln.layout<"1%16,0,1/16">>, %arg2: tensor<20xf32, #kiln.layout<"0%16,0/16">>) -> tensor<3x20xf32, #kiln.layout<"1%16,1/16,0">>
// CHECK-LABEL: kiln.kernel @k1_main(
// EIGHT-SAME:    %arg1: tensor<20x5xf32, #kiln.layout<"1%8,0%8,0/8,1/8">>) -> tensor<3x5xf32, #kiln.layout<"1%8,1/8,0">>
// CHECK-LABEL: func.func @main
// CHECK:         %[[R:.*]] = kiln.launch @k1_main
// CHECK-NEXT:    %[[D:.*]] = kiln.launch @{{.*}}(%[[R]]) : {{.*}} -> tensor<3x5xf32>
// CHECK-NEXT:    return %[[D]] : tensor<3x5xf32>
kiln.parameter @w : tensor<10x20xf32>
kiln.parameter @b : tensor<20xf32>
kiln.parameter @v : tensor<20x5xf32>
func.func @main(%x: tensor<3x10xf32>) -> tensor<3x5xf32> {
  %w = kiln.use @w : tensor<10x20xf32>
  %b = kiln.use @b : tensor<20xf32>
  %v = kiln.use @v : tensor<20x5xf32>
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<3x10xf32>, tensor<10x20xf32>) -> tensor<3x20xf32>
  %1 = kiln.broadcast %b {dims = array<i64: 1>, shape = array<i64: 3, 20>} : (tensor<20xf32>) -> tensor<3x20xf32>
  %2 = kiln.add %0, %1 : (tensor<3x20xf32>, tensor<3x20xf32>) -> tensor<3x20xf32>
  %3 = kiln.contract %2, %v {labels = "mk,kn->mn"} : (tensor<3x20xf32>, tensor<20x5xf32>) -> tensor<3x5xf32>
  return %3 : tensor<3x5xf32>
}

// -----

// A pool follows its operand, also where it is the last: what the caller owns is copied from its blocks.
// CHECK-LABEL: kiln.kernel @k0_main(
// EIGHT-SAME:    -> tensor<1x32x16x16xf32, #kiln.layout<"1%8,3,2,1/8,0">>
// SIXTEEN-SAME:  -> tensor<1x32x16x16xf32, #kiln.layout<"1%16,3,2,1/16,0">>
// CHECK-LABEL: kiln.kernel @k1_main(
// EIGHT-SAME:    -> tensor<1x32x8x8xf32, #kiln.layout<"1%8,3,2,1/8,0">>
// SIXTEEN-SAME:  -> tensor<1x32x8x8xf32, #kiln.layout<"1%16,3,2,1/16,0">>
// CHECK-LABEL: kiln.kernel @k2_main(
// EIGHT-SAME:    -> tensor<1x32x4x4xf32, #kiln.layout<"1%8,3,2,1/8,0">>
// SIXTEEN-SAME:  -> tensor<1x32x4x4xf32, #kiln.layout<"1%16,3,2,1/16,0">>
// CHECK-LABEL: func.func @main
// CHECK:         %[[R:.*]] = kiln.launch @k2_main
// CHECK-NEXT:    kiln.launch @{{.*}}(%[[R]]) : {{.*}} -> tensor<1x32x4x4xf32>
kiln.parameter @w : tensor<32x3x3x3xf32>
func.func @main(%x: tensor<1x3x16x16xf32>) -> tensor<1x32x4x4xf32> {
  %w = kiln.use @w : tensor<32x3x3x3xf32>
  %0 = kiln.window %x, %w {dilation = array<i64: 1, 1>, high = array<i64: 1, 1>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 1>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x3x16x16xf32>, tensor<32x3x3x3xf32>) -> tensor<1x32x16x16xf32>
  %1 = kiln.pool %0 {kind = 2 : i32, window = array<i64: 1, 1, 2, 2>, strides = array<i64: 1, 1, 2, 2>, low = array<i64: 0, 0, 0, 0>, high = array<i64: 0, 0, 0, 0>, dilation = array<i64: 1, 1, 1, 1>} : (tensor<1x32x16x16xf32>) -> tensor<1x32x8x8xf32>
  %2 = kiln.pool %1 {kind = 2 : i32, window = array<i64: 1, 1, 2, 2>, strides = array<i64: 1, 1, 2, 2>, low = array<i64: 0, 0, 0, 0>, high = array<i64: 0, 0, 0, 0>, dilation = array<i64: 1, 1, 1, 1>} : (tensor<1x32x8x8xf32>) -> tensor<1x32x4x4xf32>
  return %2 : tensor<1x32x4x4xf32>
}

// -----

// The right operand is no parameter and its lanes do not lie side by side: it is packed by a copy at run time.
// CHECK-LABEL: func.func @main
// CHECK:         %[[P:.*]] = kiln.launch @{{copy.*}}(%arg1)
// CHECK:         kiln.launch @k0_main(%arg0, %[[P]])
func.func @main(%q: tensor<2x8x16xf32>, %k: tensor<2x16x16xf32>) -> tensor<2x8x16xf32> {
  %0 = kiln.contract %q, %k {labels = "bmk,bnk->bmn"} : (tensor<2x8x16xf32>, tensor<2x16x16xf32>) -> tensor<2x8x16xf32>
  return %0 : tensor<2x8x16xf32>
}

// -----

// They do here: it is read as it is.
// CHECK-LABEL: func.func @main
// CHECK-NOT:     kiln.launch @copy
// CHECK:         kiln.launch @k0_main(%arg0, %arg1)
func.func @main(%q: tensor<2x8x16xf32>, %v: tensor<2x16x16xf32>) -> tensor<2x8x16xf32> {
  %0 = kiln.contract %q, %v {labels = "bmk,bkn->bmn"} : (tensor<2x8x16xf32>, tensor<2x16x16xf32>) -> tensor<2x8x16xf32>
  return %0 : tensor<2x8x16xf32>
}
