// What the verifiers refuse, and what they say.
// RUN: kiln-opt --split-input-file --verify-diagnostics %s

func.func @add(%x: tensor<2xf32>, %y: tensor<2xi32>) -> tensor<2xf32> {
  // expected-error @+1 {{kiln.add}}
  %0 = kiln.add %x, %y : (tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @add_shapes(%x: tensor<2xf32>, %y: tensor<3xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{kiln.add}}
  %0 = kiln.add %x, %y : (tensor<2xf32>, tensor<3xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @contract(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) -> tensor<2x5xf32> {
  // expected-error @+2 {{operands disagree on 'k' of mk,kn->mn: 3 and 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = kiln.contract %x, %y {labels = "mk,kn->mn"} : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return %0 : tensor<2x5xf32>
}

// -----

func.func @labels(%x: tensor<2x3xf32>, %y: tensor<3x5xf32>) -> tensor<2x5xf32> {
  // expected-error @+2 {{labels}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = kiln.contract %x, %y {labels = "mk,kn->mz"} : (tensor<2x3xf32>, tensor<3x5xf32>) -> tensor<2x5xf32>
  return %0 : tensor<2x5xf32>
}

// -----

func.func @reshape(%x: tensor<2x3xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{kiln.reshape}}
  %0 = kiln.reshape %x {shape = array<i64: 4>} : (tensor<2x3xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @transpose(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  // expected-error @+2 {{perm}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = kiln.transpose %x {perm = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @slice(%x: tensor<4xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{kiln.slice}}
  %0 = kiln.slice %x {starts = array<i64: 2>, sizes = array<i64: 3>, steps = array<i64: 1>} : (tensor<4xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

func.func @concat(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) -> tensor<4x3xf32> {
  // expected-error @+1 {{operands differ}}
  %0 = kiln.concat %x, %y {dim = 0} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// -----

func.func @layout(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'nonsense' is not a stored dimension such as 2, 1%16 or 1/16}}
  %0 = kiln.use @w : tensor<2x3xf32, #kiln.layout<"nonsense">>
  return
}

// -----

func.func @broadcast_dims(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'kiln.broadcast' op needs one entry in dims per operand dimension, found 1 for rank 2}}
  %0 = kiln.broadcast %x {dims = array<i64: 0>, shape = array<i64: 2, 3>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @broadcast_order(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'kiln.broadcast' op dims must be increasing result dimensions, found 0}}
  %0 = kiln.broadcast %x {dims = array<i64: 1, 0>, shape = array<i64: 3, 2>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @broadcast_extent(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'kiln.broadcast' op cannot broadcast extent 3 to 4}}
  %0 = kiln.broadcast %x {dims = array<i64: 0, 1>, shape = array<i64: 2, 4>} : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @concat_ranks(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @+1 {{'kiln.concat' op operands differ in dimension 0: 'tensor<2xf32>' and 'tensor<2x3xf32>'}}
  %0 = kiln.concat %x, %y {dim = 1 : i64} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @concat_elements(%x: tensor<2x3xf32>, %y: tensor<2x3xi32>) {
  // expected-error @+1 {{'kiln.concat' op needs operands of one element type, found 'f32' and 'i32'}}
  %0 = kiln.concat %x, %y {dim = 1 : i64} : (tensor<2x3xf32>, tensor<2x3xi32>) -> tensor<2x6xf32>
  return
}

// -----

func.func @concat_dim(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{dim 2 is none of 2 dimensions}}
  // expected-error @+1 {{'kiln.concat' op failed to infer returned types}}
  %0 = kiln.concat %x {dim = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @concat_nothing() {
  // expected-error @+1 {{'kiln.concat' op needs an operand}}
  %0 = kiln.concat {dim = 0 : i64} : () -> tensor<2x3xf32>
  return
}

// -----

func.func @gather_float(%x: tensor<2x3xf32>, %i: tensor<2xf32>) {
  // expected-error @+1 {{'kiln.gather' op operand #1 must be ranked tensor of integer values, but got 'tensor<2xf32>'}}
  %0 = kiln.gather %x, %i {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @gather_axis(%x: tensor<2x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'kiln.gather' op axis -1 is none of 2 dimensions}}
  %0 = kiln.gather %x, %i {axis = -1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x2xf32>
  return
}

// -----

func.func @gather_empty(%x: tensor<2x0xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'kiln.gather' op gathers from an empty dimension}}
  %0 = kiln.gather %x, %i {axis = 1 : i64} : (tensor<2x0xf32>, tensor<2xi64>) -> tensor<2x2xf32>
  return
}

// -----

func.func @take_rank(%x: tensor<2x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'kiln.take_along' op needs integer indices of the operand's rank and an axis inside it}}
  %0 = kiln.take_along %x, %i {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @take_axis(%x: tensor<2x3xf32>, %i: tensor<2x4xi64>) {
  // expected-error @+1 {{'kiln.take_along' op indices exceed the operand in dimension 1}}
  %0 = kiln.take_along %x, %i {axis = -1 : i64} : (tensor<2x3xf32>, tensor<2x4xi64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @take_extent(%x: tensor<2x3xf32>, %i: tensor<3x4xi64>) {
  // expected-error @+1 {{'kiln.take_along' op indices exceed the operand in dimension 0}}
  %0 = kiln.take_along %x, %i {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3x4xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @reduce_order(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'kiln.reduce' op needs increasing dimensions below 2, found 0}}
  %0 = kiln.reduce %x {kind = 0 : i32, dims = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @reduce_kind(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{custom op 'kiln.reduce' 'kiln.reduce' op attribute 'kind' failed to satisfy constraint: how a reduction combines}}
  %0 = kiln.reduce %x {kind = 7 : i32, dims = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @arg_reduce_kind(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'kiln.arg_reduce' op needs kind max or min}}
  %0 = kiln.arg_reduce %x {kind = 0 : i32, dim = 1 : i64} : (tensor<2x3xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @arg_reduce_dim(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'kiln.arg_reduce' op needs increasing dimensions below 2, found 2}}
  %0 = kiln.arg_reduce %x {kind = 2 : i32, dim = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xi64>
  return
}

// -----

func.func @arg_reduce_empty(%x: tensor<2x0xf32>) {
  // expected-error @+1 {{'kiln.arg_reduce' op has no index in an empty dimension}}
  %0 = kiln.arg_reduce %x {kind = 2 : i32, dim = 1 : i64} : (tensor<2x0xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @cumulative_dim(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'kiln.cumulative' op needs increasing dimensions below 2, found 2}}
  %0 = kiln.cumulative %x {dim = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @pad_rank(%x: tensor<2x3xf32>, %v: tensor<f32>) {
  // expected-error @+2 {{needs low and high padding for each of 2 dimensions}}
  // expected-error @+1 {{'kiln.pad' op failed to infer returned types}}
  %0 = kiln.pad %x, %v {low = array<i64: 1>, high = array<i64: 1>} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @pad_negative(%x: tensor<3xf32>, %v: tensor<f32>) {
  // expected-error @+1 {{'kiln.pad' op negative padding is a slice, found -1}}
  %0 = kiln.pad %x, %v {low = array<i64: -1>, high = array<i64: 1>} : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  return
}

// -----

func.func @pad_value(%x: tensor<3xf32>, %v: tensor<2xf32>) {
  // expected-error @+1 {{'kiln.pad' op the value must have one element}}
  %0 = kiln.pad %x, %v {low = array<i64: 1>, high = array<i64: 1>} : (tensor<3xf32>, tensor<2xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @pad_element(%x: tensor<3xf32>, %v: tensor<i32>) {
  // expected-error @+1 {{'kiln.pad' op needs a value of the operand's element type, found 'i32' and 'f32'}}
  %0 = kiln.pad %x, %v {low = array<i64: 1>, high = array<i64: 1>} : (tensor<3xf32>, tensor<i32>) -> tensor<5xf32>
  return
}

// -----

func.func @slice_rank(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'kiln.slice' op needs starts, sizes and steps for each of 2 dimensions}}
  %0 = kiln.slice %x {starts = array<i64: 0>, sizes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @pool_reach(%x: tensor<3xf32>) {
  // expected-error @+2 {{a window of 5 does not fit the padded extent 4 of dimension 0}}
  // expected-error @+1 {{'kiln.pool' op failed to infer returned types}}
  %0 = kiln.pool %x {kind = 2 : i32, window = array<i64: 5>, strides = array<i64: 1>, low = array<i64: 0>, high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @pool_rank(%x: tensor<3xf32>) {
  // expected-error @+2 {{needs window, strides, padding and dilation for each of 1 dimensions}}
  // expected-error @+1 {{'kiln.pool' op failed to infer returned types}}
  %0 = kiln.pool %x {kind = 2 : i32, window = array<i64: 1, 1>, strides = array<i64: 1>, low = array<i64: 0>, high = array<i64: 1>, dilation = array<i64: 1>} : (tensor<3xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @open_dimension(%x: tensor<?xf32>) {
  // expected-error @+2 {{needs a tensor of static shape}}
  // expected-error @+1 {{'kiln.neg' op failed to infer returned types}}
  %0 = kiln.neg %x : (tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @wrong_element(%x: tensor<3xf32>) {
  // expected-error @+2 {{'kiln.neg' op inferred type(s) 'tensor<3xf32>' are incompatible with return type(s) of operation 'tensor<3xi32>'}}
  // expected-error @+1 {{'kiln.neg' op failed to infer returned types}}
  %0 = kiln.neg %x : (tensor<3xf32>) -> tensor<3xi32>
  return
}

// -----

func.func @labels_twice(%x: tensor<2x3xf32>, %y: tensor<3x5xf32>) {
  // expected-error @+2 {{labels 'mm,mn->n' do not fit operands of rank 2 and 2}}
  // expected-error @+1 {{'kiln.contract' op failed to infer returned types}}
  %0 = kiln.contract %x, %y {labels = "mm,mn->n"} : (tensor<2x3xf32>, tensor<3x5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @spatial_missing(%x: tensor<1x3x5xf32>, %y: tensor<2x3x3xf32>) {
  // expected-error @+2 {{labels 'ncx,oc->nox' do not fit operands of rank 3 and 3}}
  // expected-error @+1 {{'kiln.window' op failed to infer returned types}}
  %0 = kiln.window %x, %y {labels = "ncx,oc->nox", spatial = "x", strides = array<i64: 1>, low = array<i64: 0>, high = array<i64: 0>, lhs_dilation = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x3x5xf32>, tensor<2x3x3xf32>) -> tensor<1x2x3xf32>
  return
}

// -----

func.func @kernel_reach(%x: tensor<1x3x5xf32>, %y: tensor<2x3x7xf32>) {
  // expected-error @+2 {{a kernel that reaches over 7 does not fit the padded extent 5 of 'x'}}
  // expected-error @+1 {{'kiln.window' op failed to infer returned types}}
  %0 = kiln.window %x, %y {labels = "ncx,ocx->nox", spatial = "x", strides = array<i64: 1>, low = array<i64: 0>, high = array<i64: 0>, lhs_dilation = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x3x5xf32>, tensor<2x3x7xf32>) -> tensor<1x2x3xf32>
  return
}

// -----

func.func @window_strides(%x: tensor<1x3x5xf32>, %y: tensor<2x3x3xf32>) {
  // expected-error @+2 {{needs strides, padding and dilations for each of 1 spatial letters}}
  // expected-error @+1 {{'kiln.window' op failed to infer returned types}}
  %0 = kiln.window %x, %y {labels = "ncx,ocx->nox", spatial = "x", strides = array<i64: 1, 1>, low = array<i64: 0>, high = array<i64: 0>, lhs_dilation = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x3x5xf32>, tensor<2x3x3xf32>) -> tensor<1x2x3xf32>
  return
}

// -----

func.func @window_elements(%x: tensor<1x3x5xf32>, %y: tensor<2x3x3xf64>) {
  // expected-error @+2 {{needs operands of one element type, found 'f32' and 'f64'}}
  // expected-error @+1 {{'kiln.window' op failed to infer returned types}}
  %0 = kiln.window %x, %y {labels = "ncx,ocx->nox", spatial = "x", strides = array<i64: 1>, low = array<i64: 0>, high = array<i64: 0>, lhs_dilation = array<i64: 1>, dilation = array<i64: 1>} : (tensor<1x3x5xf32>, tensor<2x3x3xf64>) -> tensor<1x2x3xf32>
  return
}

// -----

// expected-error @+1 {{'kiln.kernel' op must return what its signature says}}
kiln.kernel @returns(%x: tensor<3xf32>) -> tensor<4xf32> { kiln.return %x : tensor<3xf32> }

// -----

// expected-error @+1 {{'kiln.kernel' op has no body}}
kiln.kernel @no_body(tensor<3xf32>) -> tensor<4xf32>

// -----

func.func @transpose_rank(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{perm has 1 entries for rank 2}}
  // expected-error @+1 {{'kiln.transpose' op failed to infer returned types}}
  %0 = kiln.transpose %x {perm = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @exp_of_integers(%x: tensor<3xi32>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of float values, but got 'tensor<3xi32>'}}
  %0 = kiln.exp %x : (tensor<3xi32>) -> tensor<3xi32>
  return
}

// -----

func.func @sqrt_of_bools(%x: tensor<3xi1>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of float values, but got 'tensor<3xi1>'}}
  %0 = kiln.sqrt %x : (tensor<3xi1>) -> tensor<3xi1>
  return
}

// -----

func.func @float_of_eight_bits(%x: tensor<3xf8E5M2>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of float values, but got 'tensor<3xf8E5M2>'}}
  %0 = kiln.log %x : (tensor<3xf8E5M2>) -> tensor<3xf8E5M2>
  return
}

// -----

func.func @not_of_numbers(%x: tensor<3xf32>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<3xf32>'}}
  %0 = kiln.not %x : (tensor<3xf32>) -> tensor<3xi1>
  return
}

// -----

func.func @and_of_numbers(%x: tensor<3xi8>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<3xi8>'}}
  %0 = kiln.and %x, %x : (tensor<3xi8>, tensor<3xi8>) -> tensor<3xi1>
  return
}

// -----

func.func @bits_of_floats(%x: tensor<3xf32>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of integer values, but got 'tensor<3xf32>'}}
  %0 = kiln.bit_xor %x, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @shift_of_bools(%x: tensor<3xi1>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of integer values, but got 'tensor<3xi1>'}}
  %0 = kiln.shift_left %x, %x : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  return
}

// -----

func.func @bit_not_of_floats(%x: tensor<3xf64>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of integer values, but got 'tensor<3xf64>'}}
  %0 = kiln.bit_not %x : (tensor<3xf64>) -> tensor<3xf64>
  return
}

// -----

func.func @add_of_bools(%x: tensor<3xi1>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of float or integer values, but got 'tensor<3xi1>'}}
  %0 = kiln.add %x, %x : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  return
}

// -----

func.func @select_on_numbers(%c: tensor<3xf32>, %x: tensor<3xf32>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<3xf32>'}}
  %0 = kiln.select %c, %x, %x : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @select_of_two_types(%c: tensor<3xi1>, %x: tensor<3xf32>, %y: tensor<3xi32>) {
  // expected-error @+1 {{failed to verify that all of {x, y} have same element type}}
  %0 = kiln.select %c, %x, %y : (tensor<3xi1>, tensor<3xf32>, tensor<3xi32>) -> tensor<3xf32>
  return
}

// -----

func.func @reduce_of_bools(%x: tensor<3xi1>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of float or integer values, but got 'tensor<3xi1>'}}
  %0 = kiln.reduce %x {kind = 0 : i32, dims = array<i64: 0>} : (tensor<3xi1>) -> tensor<i1>
  return
}

// -----

func.func @iota_dim() {
  // expected-error @+1 {{'kiln.iota' op needs a dim below 2, found 2}}
  %0 = kiln.iota {dim = 2 : i64} : tensor<3x4xi64>
  return
}

// -----

func.func @iota_of_bools() {
  // expected-error @+1 {{result #0 must be ranked tensor of float or integer values, but got 'tensor<3xi1>'}}
  %0 = kiln.iota {dim = 0 : i64} : tensor<3xi1>
  return
}

// -----

func.func @unknown_parameter() {
  // expected-error @+1 {{'kiln.use' op uses @none, but the module has no kiln.parameter of that name}}
  %0 = kiln.use @none : tensor<3xf32>
  return
}

// -----

func.func @unknown_kernel(%x: tensor<3xf32>) {
  // expected-error @+1 {{'kiln.launch' op launches @none, but the module has no kiln.kernel of that name}}
  %0 = kiln.launch @none(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

kiln.parameter @w : tensor<3xf32>
func.func @parameter_type() {
  // expected-error @+1 {{'kiln.use' op uses @w as 'tensor<4xf32>', but it is declared as 'tensor<3xf32>'}}
  %0 = kiln.use @w : tensor<4xf32>
  return
}

// -----

func.func @scan_length(%h: tensor<2xf32>, %x: tensor<3x2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{goes over 'tensor<3x2xf32>', expected 4 steps along its first dimension}}
  %0 = kiln.scan 4 carry(%c = %h) over(%s = %x) : (tensor<2xf32>, tensor<3x2xf32>) -> tensor<2xf32> {
    kiln.return %s : tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

// -----

func.func @scan_state(%h: tensor<2xf32>, %x: tensor<3x5xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{carries 'tensor<2xf32>', but its body returns 'tensor<5xf32>' for the next step}}
  %0 = kiln.scan 3 carry(%c = %h) over(%s = %x) : (tensor<2xf32>, tensor<3x5xf32>) -> tensor<2xf32> {
    kiln.return %s : tensor<5xf32>
  }
  return %0 : tensor<2xf32>
}

// -----

func.func @scan_stack(%x: tensor<3x5xf32>) -> tensor<5xf32> {
  // expected-error @+1 {{has result 0 of type 'tensor<5xf32>', expected 'tensor<3x5xf32>'}}
  %0 = kiln.scan 3 over(%s = %x) : (tensor<3x5xf32>) -> tensor<5xf32> {
    kiln.return %s : tensor<5xf32>
  }
  return %0 : tensor<5xf32>
}

// -----

func.func @scan_steps(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{runs 0 steps, expected at least 1}}
  %0 = kiln.scan 0 carry(%c = %x) : (tensor<2xf32>) -> tensor<2xf32> {
    kiln.return %c : tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

// -----

func.func @scan_results(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{has 1 results, but its body returns 2}}
  %0 = kiln.scan 2 carry(%c = %x) : (tensor<2xf32>) -> tensor<2xf32> {
    kiln.return %c, %c : tensor<2xf32>, tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

// -----

func.func @scan_outside(%x: tensor<2xf32>, %y: tensor<2xf32>) -> tensor<2xf32> {
  // expected-note @+1 {{required by region isolation constraints}}
  %0 = kiln.scan 2 carry(%c = %x) : (tensor<2xf32>) -> tensor<2xf32> {
    // expected-error @+1 {{using value defined outside the region}}
    kiln.return %y : tensor<2xf32>
  }
  return %0 : tensor<2xf32>
}

// -----

func.func @scan_draws(%key: tensor<2xi64>, %x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %0 = kiln.scan 4 over(%s = %x) with(%k = %key) : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<4x3xf32> {
    // expected-error @+1 {{draws the same numbers in each of 4 steps of a scan, as its key is the same in each; expected a key whose third number is the step's, or a draw before the scan}}
    %1 = kiln.random %k {stream = 0 : i64, shape = array<i64: 3>} : (tensor<2xi64>) -> tensor<3xf32>
    %2 = kiln.mul %s, %1 : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    kiln.return %2 : tensor<3xf32>
  }
  return %0 : tensor<4x3xf32>
}

// -----

// The inner scan's steps differ, those of the outer one draw the same.
func.func @scan_draws_within(%keys: tensor<2x2xi64>, %x: tensor<4x2x3xf32>) -> tensor<4x2x3xf32> {
  %0 = kiln.scan 4 over(%s = %x) with(%k = %keys) : (tensor<4x2x3xf32>, tensor<2x2xi64>) -> tensor<4x2x3xf32> {
    %1 = kiln.scan 2 over(%t = %s, %own = %k) : (tensor<2x3xf32>, tensor<2x2xi64>) -> tensor<2x3xf32> {
      // expected-error @+1 {{draws the same numbers in each of 4 steps}}
      %2 = kiln.random %own {stream = 0 : i64, shape = array<i64: 3>} : (tensor<2xi64>) -> tensor<3xf32>
      kiln.return %2 : tensor<3xf32>
    }
    kiln.return %1 : tensor<2x3xf32>
  }
  return %0 : tensor<4x2x3xf32>
}

// -----

// A key that is carried, but never changes.
func.func @scan_draws_state(%key: tensor<2xi64>) -> tensor<4x3xf32> {
  %0:2 = kiln.scan 4 carry(%k = %key) : (tensor<2xi64>) -> (tensor<2xi64>, tensor<4x3xf32>) {
    // expected-error @+1 {{draws the same numbers in each of 4 steps}}
    %1 = kiln.random %k {stream = 0 : i64, shape = array<i64: 3>} : (tensor<2xi64>) -> tensor<3xf32>
    kiln.return %k, %1 : tensor<2xi64>, tensor<3xf32>
  }
  return %0#1 : tensor<4x3xf32>
}

// -----

func.func @repeat_nothing(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{repeats @step, but the module has no function of that name}}
  %0 = kiln.repeat @step 3 carry(%x) over() with() : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func private @step(%x: tensor<2xf32>, %y: tensor<2xf32>) -> tensor<2xf32> {
  return %y : tensor<2xf32>
}
func.func @repeat_counts(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{has 1 operands and 1 results, but @step 2 and 1}}
  %0 = kiln.repeat @step 3 carry(%x) over() with() : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
