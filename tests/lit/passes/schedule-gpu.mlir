// Schedules for a GPU come from the shape of the nest: a product with two long axes is a tile, a long sum rows, all else a map.
// RUN: kiln-opt %s --kiln-fuse --kiln-layout=lanes=0 --kiln-schedule=device | FileCheck %s

// CHECK-LABEL: kiln.kernel @k0_main
// CHECK-SAME: gpu_tile{chunk_k={{.*}}tile_m={{.*}}tile_n=
// CHECK-LABEL: kiln.kernel @k1_main
// CHECK-SAME: gpu_row{across=0, threads={{[0-9]+}}, tile_i0={{[0-9]+}}}
// CHECK-LABEL: kiln.kernel @k2_main
// CHECK-SAME: gpu_map{threads=256, vector=1}
// No value has blocks or a halo.
// CHECK-NOT: #kiln.layout
func.func @main(%a: tensor<64x96xf32> {kiln.name = "a"}, %b: tensor<96x64xf32> {kiln.name = "b"}, %c: tensor<64x2000xf32> {kiln.name = "c"}) -> (tensor<64x64xf32> {kiln.name = "product"}, tensor<64xf32> {kiln.name = "sums"}, tensor<2000x64xf32> {kiln.name = "turned"}) {
  %0 = kiln.contract %a, %b {labels = "mk,kn->mn"} : (tensor<64x96xf32>, tensor<96x64xf32>) -> tensor<64x64xf32>
  %1 = kiln.reduce %c {kind = 0 : i32, dims = array<i64: 1>} : (tensor<64x2000xf32>) -> tensor<64xf32>
  %2 = kiln.transpose %c {perm = array<i64: 1, 0>} : (tensor<64x2000xf32>) -> tensor<2000x64xf32>
  return %0, %1, %2 : tensor<64x64xf32>, tensor<64xf32>, tensor<2000x64xf32>
}
