// An op may say itself in how many parts a device takes its sum: as many, or the next fewer that divide it; 1 leaves it whole.
// RUN: kiln-opt %s --kiln-parts | FileCheck %s
// RUN: kiln-opt %s --kiln-parts --kiln-fuse --kiln-layout=lanes=0 --kiln-schedule=device | FileCheck %s --check-prefix=SCHEDULED
// RUN: sed 's/kiln.parts = 4/kiln.parts = 0/' %s | not kiln-opt --kiln-parts 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: sed 's/18/17/g' %s | not kiln-opt --kiln-parts 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: kiln-opt %s --kiln-parts --kiln-fuse --kiln-layout=lanes=0 --kiln-schedule=device | sed 's/parts=4/parts=8/' | not kiln-opt --kiln-schedule=device 2>&1 | FileCheck %s --check-prefix=OTHER

// CHECK: %[[FOUR:.*]] = kiln.contract {{.*}} {kiln.parts = 4 : i64, labels = "mak,akn->amn"} {{.*}} -> tensor<4x1024x1024xf32>
// CHECK: kiln.reduce %[[FOUR]] {dims = array<i64: 0>
// CHECK: kiln.contract {{.*}} {kiln.parts = 6 : i64, labels = "mak,akn->amn"} {{.*}} -> tensor<6x32x32xf32>
// CHECK: kiln.reduce %arg4 {dims = array<i64: 0>, kiln.parts = 1 : i64
// SCHEDULED: gpu_tile{{[{].*}}parts=4
// SCHEDULED: gpu_tile{{[{].*}}parts=6
// NONE: kiln.parts: expected 1 or more parts of a sum, found 0
// NOTHING: kiln.parts = 8: none of its dimensions divides so
// OTHER: parts=8: the graph has the sum in 4 (kiln-parts)
func.func @main(%a: tensor<1024x1024xf32> {kiln.name = "a"}, %b: tensor<1024x1024xf32> {kiln.name = "b"}, %c: tensor<32x18xf32> {kiln.name = "c"}, %d: tensor<18x32xf32> {kiln.name = "d"}, %x: tensor<1000000xf32> {kiln.name = "x"})
    -> (tensor<1024x1024xf32> {kiln.name = "p"}, tensor<32x32xf32> {kiln.name = "q"}, tensor<f32> {kiln.name = "s"}) {
  %0 = kiln.contract %a, %b {labels = "mk,kn->mn", kiln.parts = 4 : i64} : (tensor<1024x1024xf32>, tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  %1 = kiln.contract %c, %d {labels = "mk,kn->mn", kiln.parts = 8 : i64} : (tensor<32x18xf32>, tensor<18x32xf32>) -> tensor<32x32xf32>
  %2 = kiln.reduce %x {kind = 0 : i32, dims = array<i64: 0>, kiln.parts = 1 : i64} : (tensor<1000000xf32>) -> tensor<f32>
  return %0, %1, %2 : tensor<1024x1024xf32>, tensor<32x32xf32>, tensor<f32>
}
