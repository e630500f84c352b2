// What depends on parameters alone moves to @init, and its result is a parameter of its own.
// RUN: kiln-opt --kiln-hoist %s | FileCheck %s

// CHECK-DAG:   kiln.parameter @[[P:packed[0-9]+]] : tensor<4xf32>
// CHECK-LABEL: func.func @init() -> tensor<4xf32>
// CHECK:         %[[W:.*]] = kiln.use @w
// CHECK:         %[[F:.*]] = kiln.launch @twice(%[[W]])
// CHECK:         return %[[F]]
// CHECK-LABEL: func.func @main
// CHECK-NOT:     @twice(%{{.*}}) : (tensor<4xf32>) -> tensor<4xf32>{{$}}
// CHECK:         %[[U:.*]] = kiln.use @[[P]]
// CHECK:         kiln.launch @sum(%arg0, %[[U]])
kiln.kernel @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = kiln.add %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  kiln.return %0 : tensor<4xf32>
}
kiln.kernel @sum(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = kiln.add %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  kiln.return %0 : tensor<4xf32>
}
kiln.parameter @w : tensor<4xf32>
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = kiln.use @w : tensor<4xf32>
  %1 = kiln.launch @twice(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = kiln.launch @sum(%x, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}
