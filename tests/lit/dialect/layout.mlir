// A layout's text is canonical: one text for one layout, so that types compare.
// RUN: kiln-opt --split-input-file --verify-diagnostics %s | FileCheck %s

// CHECK: @dense(%{{.*}}: tensor<2x3xf32, #kiln.layout<"1,0">>)
func.func @dense(%x: tensor<2x3xf32, #kiln.layout<"1,0">>) {
  return
}
// CHECK: @blocked(%{{.*}}: tensor<1x20x7x7xf32, #kiln.layout<"1%16,3,2,1/16,0;halo=2:1:1,3:1:2">>)
func.func @blocked(%x: tensor<1x20x7x7xf32, #kiln.layout<"1%16,3,2,1/16,0;halo=2:1:1,3:1:2">>) {
  return
}
// CHECK: @padded(%{{.*}}: tensor<4x64xf32, #kiln.layout<"1,0;pad=16">>)
func.func @padded(%x: tensor<4x64xf32, #kiln.layout<"1,0;pad=16">>) {
  return
}
// CHECK: @scalar(%{{.*}}: tensor<f32, #kiln.layout<"">>)
func.func @scalar(%x: tensor<f32, #kiln.layout<"">>) {
  return
}

// -----

// expected-error @+1 {{layout '01,0' is not canonical: write '1,0'}}
func.func private @zero(tensor<2x3xf32, #kiln.layout<"01,0">>)

// -----

// expected-error @+1 {{layout '1,0;pad=8;halo=0:1:1' is not canonical: write '1,0;halo=0:1:1;pad=8'}}
func.func private @order(tensor<2x3xf32, #kiln.layout<"1,0;pad=8;halo=0:1:1">>)

// -----

// expected-error @+1 {{layout '1,0;halo=0:0:0' is not canonical: write '1,0'}}
func.func private @no_halo(tensor<2x3xf32, #kiln.layout<"1,0;halo=0:0:0">>)

// -----

// expected-error @+1 {{'1,1' does not store every dimension once}}
func.func private @twice(tensor<2x3xf32, #kiln.layout<"1,1">>)

// -----

// expected-error @+1 {{'2,0' does not store every dimension once}}
func.func private @gap(tensor<2x3xf32, #kiln.layout<"2,0">>)

// -----

// expected-error @+1 {{dimension 1 is blocked without its other part}}
func.func private @half(tensor<2x3xf32, #kiln.layout<"1/16,0">>)

// -----

// expected-error @+1 {{dimension 1 is blocked without its other part}}
func.func private @two_blocks(tensor<2x3xf32, #kiln.layout<"1%8,1/16,0">>)

// -----

// expected-error @+1 {{'1%0' is not a stored dimension such as 2, 1%16 or 1/16}}
func.func private @no_block(tensor<2x3xf32, #kiln.layout<"1%0,1/0,0">>)

// -----

// expected-error @+1 {{'1:1:1' is not a halo dim:low:high of an unblocked dimension}}
func.func private @blocked_halo(tensor<2x3xf32, #kiln.layout<"1%8,1/8,0;halo=1:1:1">>)

// -----

// expected-error @+1 {{'0:-1:1' is not a halo dim:low:high of an unblocked dimension}}
func.func private @negative_halo(tensor<2x3xf32, #kiln.layout<"1,0;halo=0:-1:1">>)

// -----

// expected-error @+1 {{'fill=1' is neither halo= nor pad=}}
func.func private @unknown(tensor<2x3xf32, #kiln.layout<"1,0;fill=1">>)

// -----

// expected-error @+1 {{expected family{key=value, ...}, found 'nonsense'}}
kiln.kernel @schedule(%x: tensor<4xf32>) -> tensor<4xf32> attributes {schedule = #kiln.schedule<"nonsense">} {
  kiln.return %x : tensor<4xf32>
}
