// Values share memory when their lives do not meet: of a chain of three values of 4000 bytes (4032 with alignment) two are alive at a
// time. The last launch writes the output itself (-1).
// RUN: kiln-opt --kiln-schedule --kiln-plan %s | FileCheck %s

// CHECK: module attributes {{.*}}kiln.arena_size = [[SIZE:8064|4032]] : i64
// CHECK-LABEL: func.func @main
// CHECK: kiln.launch @tanh({{.*}}) {offsets = array<i64: [[A:[0-9]+]]>}
// CHECK: kiln.launch @flip({{.*}}) {offsets = array<i64: [[B:[0-9]+]]>}
// CHECK: kiln.launch @flip({{.*}}) {offsets = array<i64: [[A]]>}
// CHECK: kiln.launch @flip({{.*}}) {offsets = array<i64: -1>}
kiln.kernel @tanh(%x: tensor<1000xf32>) -> tensor<1000xf32> {
  %0 = kiln.tanh %x : (tensor<1000xf32>) -> tensor<1000xf32>
  kiln.return %0 : tensor<1000xf32>
}
kiln.kernel @flip(%x: tensor<1000xf32>) -> tensor<1000xf32> {
  %0 = kiln.slice %x {starts = array<i64: 999>, sizes = array<i64: 1000>, steps = array<i64: -1>} : (tensor<1000xf32>) -> tensor<1000xf32>
  kiln.return %0 : tensor<1000xf32>
}
func.func @main(%x: tensor<1000xf32> {kiln.name = "x"}) -> (tensor<1000xf32> {kiln.name = "y"}) {
  %0 = kiln.launch @tanh(%x) : (tensor<1000xf32>) -> tensor<1000xf32>
  %1 = kiln.launch @flip(%0) : (tensor<1000xf32>) -> tensor<1000xf32>
  %2 = kiln.launch @flip(%1) : (tensor<1000xf32>) -> tensor<1000xf32>
  %3 = kiln.launch @flip(%2) : (tensor<1000xf32>) -> tensor<1000xf32>
  return %3 : tensor<1000xf32>
}
