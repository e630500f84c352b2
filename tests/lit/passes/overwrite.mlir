// Parts of a state that are written over what they are made of: by a schedule that visits each element once, or by a copy.
// RUN: kiln-opt --canonicalize --cse --kiln-fuse --kiln-layout=lanes=16 --kiln-overwrite --kiln-merge --kiln-schedule --kiln-order --kiln-plan --split-input-file %s | FileCheck %s

// The gradient's product writes the weights in place, after the product that reads them; 256 rows are no tiles of 13, so it has tiles of 8.
// CHECK:         kiln.kernel {{.*}}kiln.once{{.*}}tile{fetch=in[[#]], {{.*}}tile_k=8, tile_n=2,
// CHECK-NEXT:      kiln.contract {{.*}} -> tensor<256x128xf32>
// CHECK-LABEL: func.func @main
// CHECK-NOT:     kiln.late
// CHECK:         %[[OLD:.*]] = kiln.slice %arg0 {sizes = array<i64: 32768>, starts = array<i64: 0>
// CHECK:         %[[W:.*]] = kiln.reshape %[[OLD]]
// CHECK:         kiln.launch @{{.*}} {offsets = array<i64: -1>, within = array<i64: 131072>} {{.*}} -> tensor<128xf32
// CHECK:         kiln.launch @{{.*}}(%arg1, %[[W]]) {{.*}} -> tensor<64x128xf32
// CHECK:         kiln.launch @{{.*}}(%arg1, %arg2, %[[W]]) {offsets = array<i64: -1>} {{.*}} -> tensor<256x128xf32
// CHECK-NOT:     kiln.launch
// CHECK:         kiln.concat
func.func @main(%p: tensor<32896xf32> {kiln.name = "p"}, %x: tensor<64x256xf32>, %y: tensor<64x128xf32>)
    -> (tensor<32896xf32> {kiln.tied = "p"}, tensor<64x128xf32>) {
  %0 = kiln.contract %x, %y {labels = "mk,mn->kn"} : (tensor<64x256xf32>, tensor<64x128xf32>) -> tensor<256x128xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 32768>} : (tensor<256x128xf32>) -> tensor<32768xf32>
  %2 = kiln.reduce %y {kind = 0 : i32, dims = array<i64: 0>} : (tensor<64x128xf32>) -> tensor<128xf32>
  %g = kiln.concat %1, %2 {dim = 0 : i64} : (tensor<32768xf32>, tensor<128xf32>) -> tensor<32896xf32>
  %new = kiln.sub %p, %g : (tensor<32896xf32>, tensor<32896xf32>) -> tensor<32896xf32>
  %old = kiln.slice %p {starts = array<i64: 0>, sizes = array<i64: 32768>, steps = array<i64: 1>} : (tensor<32896xf32>) -> tensor<32768xf32>
  %w = kiln.reshape %old {shape = array<i64: 256, 128>} : (tensor<32768xf32>) -> tensor<256x128xf32>
  %z = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<64x256xf32>, tensor<256x128xf32>) -> tensor<64x128xf32>
  return %new, %z : tensor<32896xf32>, tensor<64x128xf32>
}

// -----

// A prime number of rows under a long sum: tiles of one row would cost more than a copy of that part alone.
// CHECK:         kiln.kernel @[[COPY:.*]](%arg0: tensor<12928xf32>) -> tensor<12928xf32>
// CHECK-NEXT:      kiln.return %arg0
// CHECK-LABEL: func.func @main
// CHECK-NOT:     kiln.late
// CHECK:         %[[G:.*]] = kiln.launch @{{.*}}(%arg1, %arg2, %{{.*}}) {offsets = array<i64: {{[0-9]+}}>} {{.*}} -> tensor<101x128xf32
// CHECK:         kiln.launch @[[COPY]]({{.*}}) {offsets = array<i64: -1>}
func.func @main(%p: tensor<13056xf32> {kiln.name = "p"}, %x: tensor<4096x101xf32>, %y: tensor<4096x128xf32>)
    -> (tensor<13056xf32> {kiln.tied = "p"}) {
  %0 = kiln.contract %x, %y {labels = "mk,mn->kn"} : (tensor<4096x101xf32>, tensor<4096x128xf32>) -> tensor<101x128xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 12928>} : (tensor<101x128xf32>) -> tensor<12928xf32>
  %2 = kiln.reduce %y {kind = 0 : i32, dims = array<i64: 0>} : (tensor<4096x128xf32>) -> tensor<128xf32>
  %g = kiln.concat %1, %2 {dim = 0 : i64} : (tensor<12928xf32>, tensor<128xf32>) -> tensor<13056xf32>
  %new = kiln.sub %p, %g : (tensor<13056xf32>, tensor<13056xf32>) -> tensor<13056xf32>
  return %new : tensor<13056xf32>
}
