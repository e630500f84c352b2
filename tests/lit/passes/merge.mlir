// Kernels are named by what they do: equal ones become one, whatever they were called; others stay apart.
// RUN: kiln-opt --kiln-merge %s | FileCheck %s

// CHECK:       kiln.kernel @[[TANH:k_[0-9a-f]{16}]](
// CHECK-NEXT:    kiln.tanh
// CHECK:       kiln.kernel @[[EXP:k_[0-9a-f]{16}]](
// CHECK-NEXT:    kiln.exp
// CHECK-NOT:   kiln.kernel
// CHECK-LABEL: func.func @main
// CHECK:         kiln.launch @[[TANH]]
// CHECK:         kiln.launch @[[EXP]]
// CHECK:         kiln.launch @[[TANH]]
kiln.kernel @first(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = kiln.tanh %x : (tensor<4xf32>) -> tensor<4xf32>
  kiln.return %0 : tensor<4xf32>
}
kiln.kernel @second(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = kiln.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  kiln.return %0 : tensor<4xf32>
}
kiln.kernel @third(%y: tensor<4xf32>) -> tensor<4xf32> {
  %z = kiln.tanh %y : (tensor<4xf32>) -> tensor<4xf32>
  kiln.return %z : tensor<4xf32>
}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = kiln.launch @first(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = kiln.launch @second(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = kiln.launch @third(%1) : (tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}
