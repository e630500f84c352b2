// Views of parameters move with the launches that they feed; a chain of constant work crosses once, at its end; two users share one
// parameter; a parameter that is used as it is stays as it is.
// RUN: kiln-opt --kiln-hoist --split-input-file %s | FileCheck %s

// CHECK:       kiln.parameter @packed0 : tensor<6xf32>
// CHECK-NOT:   kiln.parameter @packed1
// CHECK-LABEL: func.func @init() -> tensor<6xf32>
// CHECK-NEXT:    %[[W:.*]] = kiln.use @w : tensor<2x3xf32>
// CHECK-NEXT:    %[[V:.*]] = kiln.reshape %[[W]]
// CHECK-NEXT:    %[[A:.*]] = kiln.launch @twice(%[[V]])
// CHECK-NEXT:    %[[B:.*]] = kiln.launch @twice(%[[A]])
// CHECK-NEXT:    return %[[B]]
// CHECK-LABEL: func.func @main
// CHECK-DAG:     %[[P:.*]] = kiln.use @packed0
// CHECK-DAG:     %[[U:.*]] = kiln.use @u
// CHECK-DAG:     %[[FIRST:.*]] = kiln.launch @sum(%arg0, %[[P]])
// CHECK-DAG:     kiln.launch @sum(%[[FIRST]], %[[P]])
// CHECK-DAG:     kiln.launch @sum(%{{.*}}, %[[U]])
// CHECK-NOT:     kiln.launch @twice
kiln.kernel @twice(%x: tensor<6xf32>) -> tensor<6xf32> {
  %0 = kiln.add %x, %x : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  kiln.return %0 : tensor<6xf32>
}
kiln.kernel @sum(%x: tensor<6xf32>, %y: tensor<6xf32>) -> tensor<6xf32> {
  %0 = kiln.add %x, %y : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  kiln.return %0 : tensor<6xf32>
}
kiln.parameter @w : tensor<2x3xf32>
kiln.parameter @u : tensor<6xf32>
func.func @main(%x: tensor<6xf32>) -> tensor<6xf32> {
  %w = kiln.use @w : tensor<2x3xf32>
  %u = kiln.use @u : tensor<6xf32>
  %v = kiln.reshape %w {shape = array<i64: 6>} : (tensor<2x3xf32>) -> tensor<6xf32>
  %0 = kiln.launch @twice(%v) : (tensor<6xf32>) -> tensor<6xf32>
  %1 = kiln.launch @twice(%0) : (tensor<6xf32>) -> tensor<6xf32>
  %2 = kiln.launch @sum(%x, %1) : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  %3 = kiln.launch @sum(%2, %1) : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  %4 = kiln.launch @sum(%3, %u) : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  return %4 : tensor<6xf32>
}

// -----

// Without such work there is no @init.
// CHECK-NOT:   @init
// CHECK-LABEL: func.func @main
// CHECK:         kiln.use @w
kiln.kernel @sum(%x: tensor<6xf32>, %y: tensor<6xf32>) -> tensor<6xf32> {
  %0 = kiln.add %x, %y : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  kiln.return %0 : tensor<6xf32>
}
kiln.parameter @w : tensor<6xf32>
func.func @main(%x: tensor<6xf32>) -> tensor<6xf32> {
  %w = kiln.use @w : tensor<6xf32>
  %0 = kiln.launch @sum(%x, %w) : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>
  return %0 : tensor<6xf32>
}
