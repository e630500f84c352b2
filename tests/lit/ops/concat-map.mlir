// A map of a join that nobody else reads: what a product makes in whole rows meets the map there, the rest stays one value.
// RUN: kiln-opt --canonicalize --cse --split-input-file %s | FileCheck %s

// A step of descent: the large gradient becomes new weights, in its own shape; the small ones stay joined. Decay is the state's own part.
// CHECK-LABEL: func.func @update
// CHECK-DAG:     %[[G:.*]] = kiln.contract %arg1, %arg2
// CHECK-DAG:     %[[B:.*]] = kiln.reduce %arg2
// CHECK-DAG:     %[[C:.*]] = kiln.reduce %arg1
// CHECK-DAG:     %[[SMALL:.*]] = kiln.concat %[[B]], %[[C]] {{.*}} -> tensor<192xf32>
// CHECK-DAG:     %[[OLD:.*]] = kiln.slice %arg0 {sizes = array<i64: 8192>, starts = array<i64: 0>
// CHECK-DAG:     %[[W:.*]] = kiln.reshape %[[OLD]] {{.*}} -> tensor<128x64xf32>
// CHECK-DAG:     %[[RATE:.*]] = kiln.broadcast %arg3 {dims = array<i64>, shape = array<i64: 128, 64>}
// CHECK-DAG:     %[[DECAY:.*]] = kiln.mul %[[W]], %{{.*}} : (tensor<128x64xf32>
// CHECK-DAG:     %[[SUM:.*]] = kiln.add %[[G]], %[[DECAY]]
// CHECK-DAG:     %[[CHANGE:.*]] = kiln.mul %[[SUM]], %[[RATE]]
// CHECK-DAG:     %[[NEW:.*]] = kiln.sub %[[W]], %[[CHANGE]] : (tensor<128x64xf32>
// CHECK-DAG:     %[[FLAT:.*]] = kiln.reshape %[[NEW]] {{.*}} -> tensor<8192xf32>
// CHECK-DAG:     %[[REST:.*]] = kiln.sub %{{.*}} : (tensor<192xf32>
// CHECK:         %[[ALL:.*]] = kiln.concat %[[FLAT]], %[[REST]]
// CHECK:         return %[[ALL]]
func.func @update(%p: tensor<8384xf32>, %x: tensor<8x128xf32>, %y: tensor<8x64xf32>, %rate: tensor<f32>) -> tensor<8384xf32> {
  %0 = kiln.contract %x, %y {labels = "mk,mn->kn"} : (tensor<8x128xf32>, tensor<8x64xf32>) -> tensor<128x64xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 8192>} : (tensor<128x64xf32>) -> tensor<8192xf32>
  %2 = kiln.reduce %y {kind = 0 : i32, dims = array<i64: 0>} : (tensor<8x64xf32>) -> tensor<64xf32>
  %3 = kiln.reduce %x {kind = 0 : i32, dims = array<i64: 0>} : (tensor<8x128xf32>) -> tensor<128xf32>
  %g = kiln.concat %1, %2, %3 {dim = 0 : i64} : (tensor<8192xf32>, tensor<64xf32>, tensor<128xf32>) -> tensor<8384xf32>
  %half = kiln.constant dense<0.5> : tensor<8384xf32>
  %decay = kiln.mul %p, %half : (tensor<8384xf32>, tensor<8384xf32>) -> tensor<8384xf32>
  %sum = kiln.add %g, %decay : (tensor<8384xf32>, tensor<8384xf32>) -> tensor<8384xf32>
  %b = kiln.broadcast %rate {dims = array<i64>, shape = array<i64: 8384>} : (tensor<f32>) -> tensor<8384xf32>
  %change = kiln.mul %sum, %b : (tensor<8384xf32>, tensor<8384xf32>) -> tensor<8384xf32>
  %new = kiln.sub %p, %change : (tensor<8384xf32>, tensor<8384xf32>) -> tensor<8384xf32>
  return %new : tensor<8384xf32>
}

// -----

// Two maps read the gradient (Adam's states), or its caller does: it is written once, whole.
// CHECK-LABEL: func.func @read_twice
// CHECK:         %[[G:.*]] = kiln.concat
// CHECK-DAG:     kiln.mul %[[G]], %[[G]] : (tensor<8256xf32>
// CHECK-DAG:     kiln.add %arg0, %[[G]] : (tensor<8256xf32>
func.func @read_twice(%p: tensor<8256xf32>, %x: tensor<8x128xf32>, %y: tensor<8x64xf32>) -> (tensor<8256xf32>, tensor<8256xf32>) {
  %0 = kiln.contract %x, %y {labels = "mk,mn->kn"} : (tensor<8x128xf32>, tensor<8x64xf32>) -> tensor<128x64xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 8192>} : (tensor<128x64xf32>) -> tensor<8192xf32>
  %2 = kiln.reduce %y {kind = 0 : i32, dims = array<i64: 0>} : (tensor<8x64xf32>) -> tensor<64xf32>
  %g = kiln.concat %1, %2 {dim = 0 : i64} : (tensor<8192xf32>, tensor<64xf32>) -> tensor<8256xf32>
  %square = kiln.mul %g, %g : (tensor<8256xf32>, tensor<8256xf32>) -> tensor<8256xf32>
  %sum = kiln.add %p, %g : (tensor<8256xf32>, tensor<8256xf32>) -> tensor<8256xf32>
  return %square, %sum : tensor<8256xf32>, tensor<8256xf32>
}

// -----

// Rows that are no whole lines are padded on their way and turned afterwards: one pass over all parts does that and the map.
// CHECK-LABEL: func.func @ragged
// CHECK:         %[[G:.*]] = kiln.concat
// CHECK-NEXT:    kiln.add %arg0, %[[G]] : (tensor<9700xf32>
func.func @ragged(%p: tensor<9700xf32>, %x: tensor<8x96xf32>, %y: tensor<8x100xf32>) -> tensor<9700xf32> {
  %0 = kiln.contract %x, %y {labels = "mk,mn->kn"} : (tensor<8x96xf32>, tensor<8x100xf32>) -> tensor<96x100xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 9600>} : (tensor<96x100xf32>) -> tensor<9600xf32>
  %2 = kiln.reduce %y {kind = 0 : i32, dims = array<i64: 0>} : (tensor<8x100xf32>) -> tensor<100xf32>
  %g = kiln.concat %1, %2 {dim = 0 : i64} : (tensor<9600xf32>, tensor<100xf32>) -> tensor<9700xf32>
  %sum = kiln.add %p, %g : (tensor<9700xf32>, tensor<9700xf32>) -> tensor<9700xf32>
  return %sum : tensor<9700xf32>
}
