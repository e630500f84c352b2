// A loop's body becomes a function that is fused and planned once; what each step would do again is done before the loop.
// RUN: kiln-opt --kiln-outline %s | FileCheck %s --check-prefix=OUTLINE
// RUN: kiln-opt --kiln-outline --kiln-fuse --kiln-layout --kiln-lift %s | FileCheck %s --check-prefix=LIFT
// RUN: kiln-opt --kiln-outline --kiln-fuse --kiln-layout --kiln-lift --kiln-hoist --kiln-merge --kiln-schedule --kiln-order --kiln-plan %s | FileCheck %s --check-prefix=PLAN

// OUTLINE-LABEL: func.func private @main_loop0(%arg0: tensor<8x16xf32>, %arg1: tensor<8x16xf32>, %arg2: tensor<16x16xf32> {kiln.fixed}) -> (tensor<8x16xf32>, tensor<8x16xf32>)
// OUTLINE: kiln.exp %arg2
// OUTLINE: kiln.contract %arg0
// OUTLINE: return
// OUTLINE-LABEL: func.func @main
// OUTLINE: %[[R:.*]]:2 = kiln.repeat @main_loop0 5 carry(%arg0) over(%arg1) with(%arg2) {reverse}
// OUTLINE: return %[[R]]#0, %[[R]]#1
// A loop of one step is no loop.
// OUTLINE-NOT: kiln.repeat
// OUTLINE: kiln.neg

// The exponential of the weight is the same each time; so is its packed form.
// LIFT-LABEL: func.func private @main_loop0(%arg0: tensor<8x16xf32>, %arg1: tensor<8x16xf32>,
// LIFT-COUNT-1: kiln.launch
// LIFT-NOT: kiln.launch
// LIFT-LABEL: func.func @main
// LIFT: %[[W:.*]] = kiln.launch {{.*}}(%arg2)
// LIFT: kiln.repeat @main_loop0 5 carry(%arg0) over(%arg1) with({{.*}}%[[W]])

// A step writes the next state at the end of the loop's result or in the second place (512 bytes after the step's own arena).
// PLAN-LABEL: func.func private @main_loop0
// PLAN: kiln.launch {{.*}}offsets = array<i64: -1>
// PLAN-LABEL: func.func @main
// PLAN: kiln.repeat {{.*}}offsets = array<i64: -1, -2>{{.*}}scratch = array<i64: [[ARENA:[0-9]+]], {{[0-9]+}}>
func.func @main(%h0: tensor<8x16xf32>, %xs: tensor<5x8x16xf32>, %w: tensor<16x16xf32>) -> (tensor<8x16xf32>, tensor<5x8x16xf32>) {
  %last, %all = kiln.scan 5 carry(%h = %h0) over(%x = %xs) with(%u = %w) {reverse} : (tensor<8x16xf32>, tensor<5x8x16xf32>, tensor<16x16xf32>) -> (tensor<8x16xf32>, tensor<5x8x16xf32>) {
    %e = kiln.exp %u : (tensor<16x16xf32>) -> tensor<16x16xf32>
    %0 = kiln.contract %h, %e {labels = "bk,kn->bn"} : (tensor<8x16xf32>, tensor<16x16xf32>) -> tensor<8x16xf32>
    %1 = kiln.add %x, %0 : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
    kiln.return %1, %1 : tensor<8x16xf32>, tensor<8x16xf32>
  }
  return %last, %all : tensor<8x16xf32>, tensor<5x8x16xf32>
}
func.func @once(%xs: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %0 = kiln.scan 1 over(%x = %xs) : (tensor<1x4xf32>) -> tensor<1x4xf32> {
    %1 = kiln.neg %x : (tensor<4xf32>) -> tensor<4xf32>
    kiln.return %1 : tensor<4xf32>
  }
  return %0 : tensor<1x4xf32>
}
