// A branching graph of values of unequal sizes: no two that are alive together overlap, every offset is a multiple of 64, everything
// lies inside the arena, and outputs are written in place. check_plan.py reads the plan and works out the lives by itself.
// RUN: kiln-opt --kiln-fuse --kiln-layout=lanes=8 --kiln-hoist --kiln-merge --kiln-schedule --kiln-plan --split-input-file %s | python3 %S/check_plan.py 3 9
func.func @main(%x: tensor<1x3x16x16xf32> {kiln.name = "x"}) -> (tensor<1x8x8x8xf32> {kiln.name = "y"}, tensor<1x24xf32> {kiln.name = "z"}) {
  %w = kiln.use @w : tensor<8x3x3x3xf32>
  %v = kiln.use @v : tensor<16x8x3x3xf32>
  %u = kiln.use @u : tensor<8x24x1x1xf32>
  %0 = kiln.window %x, %w {dilation = array<i64: 1, 1>, high = array<i64: 1, 1>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 1>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x3x16x16xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x16x16xf32>
  %1 = kiln.pool %0 {kind = 2 : i32, window = array<i64: 1, 1, 2, 2>, strides = array<i64: 1, 1, 2, 2>, low = array<i64: 0, 0, 0, 0>, high = array<i64: 0, 0, 0, 0>, dilation = array<i64: 1, 1, 1, 1>} : (tensor<1x8x16x16xf32>) -> tensor<1x8x8x8xf32>
  %2 = kiln.window %1, %v {dilation = array<i64: 1, 1>, high = array<i64: 1, 1>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 1, 1>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x8x8x8xf32>, tensor<16x8x3x3xf32>) -> tensor<1x16x8x8xf32>
  %3 = kiln.concat %1, %2 {dim = 1 : i64} : (tensor<1x8x8x8xf32>, tensor<1x16x8x8xf32>) -> tensor<1x24x8x8xf32>
  %4 = kiln.reduce %3 {kind = 2 : i32, dims = array<i64: 2, 3>} : (tensor<1x24x8x8xf32>) -> tensor<1x24xf32>
  %5 = kiln.window %3, %u {dilation = array<i64: 1, 1>, high = array<i64: 0, 0>, labels = "ncyx,ocyx->noyx", lhs_dilation = array<i64: 1, 1>, low = array<i64: 0, 0>, spatial = "yx", strides = array<i64: 1, 1>} : (tensor<1x24x8x8xf32>, tensor<8x24x1x1xf32>) -> tensor<1x8x8x8xf32>
  %6 = kiln.add %5, %1 : (tensor<1x8x8x8xf32>, tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %6, %4 : tensor<1x8x8x8xf32>, tensor<1x24xf32>
}
kiln.parameter @w : tensor<8x3x3x3xf32>
kiln.parameter @v : tensor<16x8x3x3xf32>
kiln.parameter @u : tensor<8x24x1x1xf32>
