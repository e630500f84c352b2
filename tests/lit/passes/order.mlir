// Results tied to inputs: the input's memory is written after its last reader and after what can fail; else the result is kiln.late.
// RUN: kiln-opt --split-input-file --kiln-fuse --kiln-layout=lanes=16 --kiln-schedule --kiln-order --kiln-plan %s | FileCheck %s

// The writer stood before the reader of the old value, and before the gather whose indices may be out of range.
// CHECK-LABEL: func.func @main
// CHECK-NOT:     kiln.late
// CHECK:         %[[R:.*]] = kiln.launch @{{.*}}(%arg0) {{.*}} -> tensor<64xf32>
// CHECK:         %[[G:.*]] = kiln.launch @{{.*}}(%arg0, %arg1) {checks
// CHECK:         %[[W:.*]] = kiln.launch @{{.*}}(%arg0) {offsets = array<i64: -1>}
// CHECK:         return %[[W]], %[[R]], %[[G]]
func.func @main(%w: tensor<64xf32> {kiln.name = "w"}, %i: tensor<3xi64>) -> (tensor<64xf32> {kiln.tied = "w"}, tensor<64xf32>, tensor<3xf32>) {
  %0 = kiln.exp %w : (tensor<64xf32>) -> tensor<64xf32>
  %1 = kiln.slice %w {starts = array<i64: 63>, sizes = array<i64: 64>, steps = array<i64: -1>} : (tensor<64xf32>) -> tensor<64xf32>
  %2 = kiln.tanh %1 : (tensor<64xf32>) -> tensor<64xf32>
  %3 = kiln.gather %w, %i {axis = 0 : i64} : (tensor<64xf32>, tensor<3xi64>) -> tensor<3xf32>
  return %0, %2, %3 : tensor<64xf32>, tensor<64xf32>, tensor<3xf32>
}

// -----

// It reads other elements of what it writes: elsewhere, and copied at the end.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    kiln.late, kiln.tied = "w"
// CHECK:         kiln.launch @{{.*}}(%arg0) {offsets = array<i64: 0>}
func.func @main(%w: tensor<64xf32> {kiln.name = "w"}) -> (tensor<64xf32> {kiln.tied = "w"}) {
  %0 = kiln.slice %w {starts = array<i64: 63>, sizes = array<i64: 64>, steps = array<i64: -1>} : (tensor<64xf32>) -> tensor<64xf32>
  %1 = kiln.add %w, %0 : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  return %1 : tensor<64xf32>
}

// -----

// What reads the old value needs the new one: no order is right.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    kiln.late, kiln.tied = "w"
func.func @main(%w: tensor<64xf32> {kiln.name = "w"}) -> (tensor<64xf32> {kiln.tied = "w"}, tensor<64xf32>) {
  %0 = kiln.exp %w : (tensor<64xf32>) -> tensor<64xf32>
  %1 = kiln.slice %0 {starts = array<i64: 63>, sizes = array<i64: 64>, steps = array<i64: -1>} : (tensor<64xf32>) -> tensor<64xf32>
  %2 = kiln.mul %w, %1 : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  return %0, %2 : tensor<64xf32>, tensor<64xf32>
}

// -----

// A tail that shifts inwards visits elements twice: 19 elements are no whole number of vectors, and too few to cut the last tile off.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    kiln.late, kiln.tied = "w"
func.func @main(%w: tensor<19xf32> {kiln.name = "w"}) -> (tensor<19xf32> {kiln.tied = "w"}) {
  %0 = kiln.exp %w : (tensor<19xf32>) -> tensor<19xf32>
  return %0 : tensor<19xf32>
}

// -----

// A long row is cut off at its end, so it is updated in place.
// CHECK:         schedule = #kiln.schedule<"map{{.*}}tail=guard
// CHECK-LABEL: func.func @main
// CHECK-NOT:     kiln.late
// CHECK:         kiln.launch @{{.*}}(%arg0) {offsets = array<i64: -1>}
func.func @main(%w: tensor<5003xf32> {kiln.name = "w"}) -> (tensor<5003xf32> {kiln.tied = "w"}) {
  %0 = kiln.exp %w : (tensor<5003xf32>) -> tensor<5003xf32>
  return %0 : tensor<5003xf32>
}

// -----

// Momentum: the parameters' kernel reads the new velocity, the loss's the old parameters; each state is written in place.
// CHECK-LABEL: func.func @main
// CHECK-NOT:     kiln.late
// CHECK-DAG:     %[[L:.*]] = kiln.launch @{{.*}}(%arg0) {{.*}} -> tensor<f32>
// CHECK-DAG:     %[[M:.*]] = kiln.launch @{{.*}}(%arg1, %arg2) {offsets = array<i64: -2>}
// CHECK:         %[[P:.*]] = kiln.launch @{{.*}}({{.*}}) {offsets = array<i64: -1>}
// CHECK-NOT:     kiln.launch
// CHECK:         return %[[P]], %[[M]], %[[L]]
func.func @main(%p: tensor<64xf32> {kiln.name = "p"}, %m: tensor<64xf32> {kiln.name = "m"}, %g: tensor<64xf32>)
    -> (tensor<64xf32> {kiln.tied = "p"}, tensor<64xf32> {kiln.tied = "m"}, tensor<f32>) {
  %0 = kiln.add %m, %g : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %1 = kiln.sub %p, %0 : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %2 = kiln.mul %p, %p : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %3 = kiln.reduce %2 {kind = 0 : i32, dims = array<i64: 0>} : (tensor<64xf32>) -> tensor<f32>
  return %1, %0, %3 : tensor<64xf32>, tensor<64xf32>, tensor<f32>
}

// -----

// Parts of a state, each written where it was read; the part that reads the other one goes first.
// CHECK-LABEL: func.func @main
// CHECK-NOT:     kiln.late
// CHECK:         %[[B:.*]] = kiln.launch @{{.*}} {offsets = array<i64: -1>, within = array<i64: 128>}
// CHECK:         %[[A:.*]] = kiln.launch @{{.*}} {offsets = array<i64: -1>}
// CHECK:         kiln.concat %[[A]], %[[B]]
func.func @main(%s: tensor<64xf32> {kiln.name = "s"}) -> (tensor<64xf32> {kiln.tied = "s"}) {
  %0 = kiln.slice %s {starts = array<i64: 0>, sizes = array<i64: 32>, steps = array<i64: 1>} : (tensor<64xf32>) -> tensor<32xf32>
  %1 = kiln.slice %s {starts = array<i64: 32>, sizes = array<i64: 32>, steps = array<i64: 1>} : (tensor<64xf32>) -> tensor<32xf32>
  %2 = kiln.exp %0 : (tensor<32xf32>) -> tensor<32xf32>
  %3 = kiln.mul %0, %1 : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
  %4 = kiln.concat %2, %3 {dim = 0 : i64} : (tensor<32xf32>, tensor<32xf32>) -> tensor<64xf32>
  return %4 : tensor<64xf32>
}
