// What surrounds a product goes into its letters or its weights.
// RUN: kiln-opt --canonicalize --split-input-file %s | FileCheck %s

// CHECK-LABEL: func.func @transposed_operands
// CHECK-NEXT:    %[[C:.*]] = kiln.contract %arg0, %arg1 {labels = "bkhm,nk->bhmn"} : (tensor<2x3x4x5xf32>, tensor<6x3xf32>) -> tensor<2x4x5x6xf32>
// CHECK-NEXT:    return %[[C]]
func.func @transposed_operands(%x: tensor<2x3x4x5xf32>, %w: tensor<6x3xf32>) -> tensor<2x4x5x6xf32> {
  %0 = kiln.transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<2x3x4x5xf32>) -> tensor<2x4x5x3xf32>
  %1 = kiln.transpose %w {perm = array<i64: 1, 0>} : (tensor<6x3xf32>) -> tensor<3x6xf32>
  %2 = kiln.contract %0, %1 {labels = "bhmk,kn->bhmn"} : (tensor<2x4x5x3xf32>, tensor<3x6xf32>) -> tensor<2x4x5x6xf32>
  return %2 : tensor<2x4x5x6xf32>
}

// -----

// CHECK-LABEL: func.func @transposed_result
// CHECK-NEXT:    %[[C:.*]] = kiln.contract %arg0, %arg1 {labels = "mk,kn->nm"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<4x2xf32>
// CHECK-NEXT:    return %[[C]]
func.func @transposed_result(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>) -> tensor<4x2xf32> {
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %1 = kiln.transpose %0 {perm = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  return %1 : tensor<4x2xf32>
}

// -----

// Another user of the product sees it as it was.
// CHECK-LABEL: func.func @result_with_two_users
// CHECK:         kiln.contract {{.*}} {labels = "mk,kn->mn"}
// CHECK:         kiln.transpose
func.func @result_with_two_users(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>) -> (tensor<4x2xf32>, tensor<2x4xf32>) {
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %1 = kiln.transpose %0 {perm = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  return %1, %0 : tensor<4x2xf32>, tensor<2x4xf32>
}

// -----

// A window of one tap is a contraction.
// CHECK-LABEL: func.func @pointwise
// CHECK:         %[[W:.*]] = kiln.reshape %arg1 {shape = array<i64: 5, 3>} : (tensor<5x3x1x1xf32>) -> tensor<5x3xf32>
// CHECK:         kiln.contract %arg0, %[[W]] {labels = "ncyx,oc->noyx"} : (tensor<2x3x6x7xf32>, tensor<5x3xf32>) -> tensor<2x5x6x7xf32>
// CHECK-NOT:     kiln.window
func.func @pointwise(%x: tensor<2x3x6x7xf32>, %w: tensor<5x3x1x1xf32>) -> tensor<2x5x6x7xf32> {
  %0 = kiln.window %x, %w {labels = "ncyx,ocyx->noyx", spatial = "yx", strides = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>, lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<2x3x6x7xf32>, tensor<5x3x1x1xf32>) -> tensor<2x5x6x7xf32>
  return %0 : tensor<2x5x6x7xf32>
}

// -----

// Not when it skips elements.
// CHECK-LABEL: func.func @strided
// CHECK:         kiln.window
// CHECK-NOT:     kiln.contract
func.func @strided(%x: tensor<2x3x6x7xf32>, %w: tensor<5x3x1x1xf32>) -> tensor<2x5x3x4xf32> {
  %0 = kiln.window %x, %w {labels = "ncyx,ocyx->noyx", spatial = "yx", strides = array<i64: 2, 2>, low = array<i64: 0, 0>, high = array<i64: 0, 0>, lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<2x3x6x7xf32>, tensor<5x3x1x1xf32>) -> tensor<2x5x3x4xf32>
  return %0 : tensor<2x5x3x4xf32>
}

// -----

// A batch norm after a convolution, as scale and shift by parameters: the scale goes into the filters, both shifts become one, and all of
// this depends on parameters alone.
// CHECK-LABEL: func.func @batch_norm
// CHECK-DAG:     %[[W:.*]] = kiln.use @w
// CHECK-DAG:     %[[B:.*]] = kiln.use @b
// CHECK-DAG:     %[[S:.*]] = kiln.use @s
// CHECK-DAG:     %[[T:.*]] = kiln.use @t
// CHECK-DAG:     %[[WIDE:.*]] = kiln.broadcast %[[S]] {dims = array<i64: 0>, shape = array<i64: 5, 3, 3, 3>}
// CHECK-DAG:     %[[SCALED:.*]] = kiln.mul %[[W]], %[[WIDE]]
// CHECK-DAG:     %[[SHIFT:.*]] = kiln.mul %[[B]], %[[S]]
// CHECK-DAG:     %[[ALL:.*]] = kiln.add %[[SHIFT]], %[[T]]
// CHECK-DAG:     %[[P:.*]] = kiln.window %arg0, %[[SCALED]]
// CHECK-DAG:     %[[A:.*]] = kiln.broadcast %[[ALL]] {dims = array<i64: 1>, shape = array<i64: 1, 5, 8, 8>}
// CHECK:         kiln.add %[[P]], %[[A]] : (tensor<1x5x8x8xf32>, tensor<1x5x8x8xf32>)
// CHECK-NEXT:    return
kiln.parameter @w : tensor<5x3x3x3xf32>
kiln.parameter @b : tensor<5xf32>
kiln.parameter @s : tensor<5xf32>
kiln.parameter @t : tensor<5xf32>
func.func @batch_norm(%x: tensor<1x3x8x8xf32>) -> tensor<1x5x8x8xf32> {
  %w = kiln.use @w : tensor<5x3x3x3xf32>
  %b = kiln.use @b : tensor<5xf32>
  %s = kiln.use @s : tensor<5xf32>
  %t = kiln.use @t : tensor<5xf32>
  %0 = kiln.window %x, %w {labels = "ncyx,ocyx->noyx", spatial = "yx", strides = array<i64: 1, 1>, low = array<i64: 1, 1>, high = array<i64: 1, 1>, lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<5x3x3x3xf32>) -> tensor<1x5x8x8xf32>
  %1 = kiln.broadcast %b {dims = array<i64: 1>, shape = array<i64: 1, 5, 8, 8>} : (tensor<5xf32>) -> tensor<1x5x8x8xf32>
  %2 = kiln.add %0, %1 : (tensor<1x5x8x8xf32>, tensor<1x5x8x8xf32>) -> tensor<1x5x8x8xf32>
  %3 = kiln.broadcast %s {dims = array<i64: 1>, shape = array<i64: 1, 5, 8, 8>} : (tensor<5xf32>) -> tensor<1x5x8x8xf32>
  %4 = kiln.mul %2, %3 : (tensor<1x5x8x8xf32>, tensor<1x5x8x8xf32>) -> tensor<1x5x8x8xf32>
  %5 = kiln.broadcast %t {dims = array<i64: 1>, shape = array<i64: 1, 5, 8, 8>} : (tensor<5xf32>) -> tensor<1x5x8x8xf32>
  %6 = kiln.add %4, %5 : (tensor<1x5x8x8xf32>, tensor<1x5x8x8xf32>) -> tensor<1x5x8x8xf32>
  return %6 : tensor<1x5x8x8xf32>
}

// -----

// A scale that the caller gives, or along a letter that the weights lack, stays where it is.
// CHECK-LABEL: func.func @scale_stays
// CHECK-DAG:     %[[W:.*]] = kiln.use @w
// CHECK:         %[[P:.*]] = kiln.contract %arg0, %[[W]]
// CHECK:         kiln.mul %[[P]]
// CHECK:         %[[Q:.*]] = kiln.contract %arg0, %[[W]]
// CHECK:         kiln.mul
kiln.parameter @w : tensor<3x5xf32>
kiln.parameter @rows : tensor<4xf32>
func.func @scale_stays(%x: tensor<4x3xf32>, %given: tensor<5xf32>) -> (tensor<4x5xf32>, tensor<4x5xf32>) {
  %w = kiln.use @w : tensor<3x5xf32>
  %rows = kiln.use @rows : tensor<4xf32>
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<4x3xf32>, tensor<3x5xf32>) -> tensor<4x5xf32>
  %1 = kiln.broadcast %given {dims = array<i64: 1>, shape = array<i64: 4, 5>} : (tensor<5xf32>) -> tensor<4x5xf32>
  %2 = kiln.mul %0, %1 : (tensor<4x5xf32>, tensor<4x5xf32>) -> tensor<4x5xf32>
  %3 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<4x3xf32>, tensor<3x5xf32>) -> tensor<4x5xf32>
  %4 = kiln.broadcast %rows {dims = array<i64: 0>, shape = array<i64: 4, 5>} : (tensor<4xf32>) -> tensor<4x5xf32>
  %5 = kiln.mul %3, %4 : (tensor<4x5xf32>, tensor<4x5xf32>) -> tensor<4x5xf32>
  return %2, %5 : tensor<4x5xf32>, tensor<4x5xf32>
}

// -----

// What a product made and a reshape flattened is read as it stood; the weights, cut up instead, are folded when they are packed.
// CHECK-LABEL: func.func @flattened
// CHECK:         %[[W:.*]] = kiln.reshape %{{.*}} {shape = array<i64: 10, 8, 3, 2>}
// CHECK:         kiln.contract %{{.*}}, %[[W]] {labels = "nabc,oabc->no"} : (tensor<2x8x3x2xf32>, tensor<10x8x3x2xf32>) -> tensor<2x10xf32>
func.func @flattened(%x: tensor<2x3x3x2xf32>) -> tensor<2x10xf32> {
  %v = kiln.use @v : tensor<8x3xf32>
  %w = kiln.use @w : tensor<10x48xf32>
  %0 = kiln.contract %x, %v {labels = "ncyx,oc->noyx"} : (tensor<2x3x3x2xf32>, tensor<8x3xf32>) -> tensor<2x8x3x2xf32>
  %1 = kiln.tanh %0 : (tensor<2x8x3x2xf32>) -> tensor<2x8x3x2xf32>
  %2 = kiln.reshape %1 {shape = array<i64: 2, 48>} : (tensor<2x8x3x2xf32>) -> tensor<2x48xf32>
  %3 = kiln.contract %2, %w {labels = "nk,ok->no"} : (tensor<2x48xf32>, tensor<10x48xf32>) -> tensor<2x10xf32>
  return %3 : tensor<2x10xf32>
}
kiln.parameter @v : tensor<8x3xf32>
kiln.parameter @w : tensor<10x48xf32>

// -----

// The caller's image is stored as a row already, and rows merged with the batch are not the product's sum.
// CHECK-LABEL: func.func @not_flattened
// CHECK:         kiln.contract {{.*}} {labels = "nk,ok->no"}
// CHECK:         kiln.contract {{.*}} {labels = "mk,ok->mo"}
func.func @not_flattened(%x: tensor<2x8x3x2xf32>) -> (tensor<2x10xf32>, tensor<32x10xf32>) {
  %v = kiln.use @v : tensor<8x8xf32>
  %w = kiln.use @w : tensor<10x48xf32>
  %u = kiln.use @u : tensor<10x3xf32>
  %0 = kiln.reshape %x {shape = array<i64: 2, 48>} : (tensor<2x8x3x2xf32>) -> tensor<2x48xf32>
  %1 = kiln.contract %0, %w {labels = "nk,ok->no"} : (tensor<2x48xf32>, tensor<10x48xf32>) -> tensor<2x10xf32>
  %2 = kiln.contract %x, %v {labels = "ncyx,oc->nxoy"} : (tensor<2x8x3x2xf32>, tensor<8x8xf32>) -> tensor<2x2x8x3xf32>
  %3 = kiln.reshape %2 {shape = array<i64: 32, 3>} : (tensor<2x2x8x3xf32>) -> tensor<32x3xf32>
  %4 = kiln.contract %3, %u {labels = "mk,ok->mo"} : (tensor<32x3xf32>, tensor<10x3xf32>) -> tensor<32x10xf32>
  return %1, %4 : tensor<2x10xf32>, tensor<32x10xf32>
}
kiln.parameter @v : tensor<8x8xf32>
kiln.parameter @w : tensor<10x48xf32>
kiln.parameter @u : tensor<10x3xf32>

// -----

// Rows with one hole between them: even results meet the second row of the kernel, odd ones the first and the third.
// CHECK-LABEL: func.func @holes
// CHECK-DAG:     %[[EVEN:.*]] = kiln.slice %arg1 {sizes = array<i64: 5, 3, 1>, starts = array<i64: 0, 0, 1>, steps = array<i64: 1, 1, 2>}
// CHECK-DAG:     %[[ODD:.*]] = kiln.slice %arg1 {sizes = array<i64: 5, 3, 2>, starts = array<i64: 0, 0, 0>, steps = array<i64: 1, 1, 2>}
// CHECK-DAG:     %[[R:.*]] = kiln.reshape %[[EVEN]] {shape = array<i64: 5, 3>}
// CHECK-DAG:     %[[A:.*]] = kiln.contract %arg0, %[[R]] {labels = "ncx,oc->nox"} : {{.*}} -> tensor<1x5x8xf32>
// CHECK-DAG:     %[[B:.*]] = kiln.window %arg0, %[[ODD]] {{{.*}}high = array<i64: 1>, {{.*}}lhs_dilation = array<i64: 1>, low = array<i64: 0>, {{.*}} -> tensor<1x5x8xf32>
// CHECK-DAG:     %[[C:.*]] = kiln.unpool %[[A]] {{{.*}}low = array<i64: 0, 0, 0>, {{.*}}strides = array<i64: 1, 1, 2>
// CHECK-DAG:     %[[D:.*]] = kiln.unpool %[[B]] {{{.*}}low = array<i64: 0, 0, -1>, {{.*}}strides = array<i64: 1, 1, 2>
// CHECK:         kiln.add %[[C]], %[[D]]
func.func @holes(%x: tensor<1x3x8xf32>, %w: tensor<5x3x3xf32>) -> tensor<1x5x16xf32> {
  %0 = kiln.window %x, %w {labels = "ncx,ocx->nox", spatial = "x", strides = array<i64: 1>, low = array<i64: 1>, high = array<i64: 2>, lhs_dilation = array<i64: 2>, dilation = array<i64: 1>} : (tensor<1x3x8xf32>, tensor<5x3x3xf32>) -> tensor<1x5x16xf32>
  return %0 : tensor<1x5x16xf32>
}
