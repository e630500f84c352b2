// Every kernel gets a schedule as data; one that is written by hand is kept, and refused when it does not fit the kernel.
// RUN: kiln-opt --kiln-schedule --split-input-file --verify-diagnostics %s | FileCheck %s

// CHECK: kiln.kernel @product({{.*}} schedule = #kiln.schedule<"tile{{[{].*vector=16.*[}]}}">
kiln.kernel @product(%x: tensor<64x32xf32>, %w: tensor<32x48xf32>) -> tensor<64x48xf32> {
  %0 = kiln.contract %x, %w {labels = "mk,kn->mn"} : (tensor<64x32xf32>, tensor<32x48xf32>) -> tensor<64x48xf32>
  kiln.return %0 : tensor<64x48xf32>
}
// CHECK: kiln.kernel @map({{.*}} schedule = #kiln.schedule<"map{
kiln.kernel @map(%x: tensor<640xf32>) -> tensor<640xf32> {
  %0 = kiln.tanh %x : (tensor<640xf32>) -> tensor<640xf32>
  kiln.return %0 : tensor<640xf32>
}
// CHECK: kiln.kernel @mine({{.*}} schedule = #kiln.schedule<"map{vector=4}">
kiln.kernel @mine(%x: tensor<640xf32>) -> tensor<640xf32> attributes {schedule = #kiln.schedule<"map{vector=4}">} {
  %0 = kiln.tanh %x : (tensor<640xf32>) -> tensor<640xf32>
  kiln.return %0 : tensor<640xf32>
}

// -----

// expected-error @+1 {{schedule tile{vector=16} does not fit}}
kiln.kernel @map(%x: tensor<640xf32>) -> tensor<640xf32> attributes {schedule = #kiln.schedule<"tile{vector=16}">} {
  %0 = kiln.tanh %x : (tensor<640xf32>) -> tensor<640xf32>
  kiln.return %0 : tensor<640xf32>
}
