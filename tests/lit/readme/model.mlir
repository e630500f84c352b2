// The small model that compiler/README.md follows; every block there is what a stage makes of it.
// RUN: python3 %S/check.py %root/compiler/README.md %s %t
func.func @main(%image: tensor<1x2x6x6xf32> {kiln.name = "image"}) -> (tensor<1x8xf32> {kiln.name = "means"}) {
  %i = kiln.iota {dim = 0 : i64} : tensor<8x2x3x3xf32>
  %w = kiln.sin %i : (tensor<8x2x3x3xf32>) -> tensor<8x2x3x3xf32>
  %0 = kiln.window %image, %w {labels = "ncyx,ocyx->noyx", spatial = "yx", strides = array<i64: 1, 1>, low = array<i64: 1, 1>, high = array<i64: 1, 1>, lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x2x6x6xf32>, tensor<8x2x3x3xf32>) -> tensor<1x8x6x6xf32>
  %zero = kiln.constant dense<0.0> : tensor<1x8x6x6xf32>
  %1 = kiln.max %0, %zero : (tensor<1x8x6x6xf32>, tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
  %j = kiln.iota {dim = 1 : i64} : tensor<8x8x3x3xf32>
  %v = kiln.sin %j : (tensor<8x8x3x3xf32>) -> tensor<8x8x3x3xf32>
  %2 = kiln.window %1, %v {labels = "ncyx,ocyx->noyx", spatial = "yx", strides = array<i64: 1, 1>, low = array<i64: 1, 1>, high = array<i64: 1, 1>, lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x8x6x6xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x6x6xf32>
  %3 = kiln.reduce %2 {kind = 0 : i32, dims = array<i64: 2, 3>} : (tensor<1x8x6x6xf32>) -> tensor<1x8xf32>
  %shape = kiln.constant dense<[6, 6]> : tensor<2xi64>
  %count = kiln.reduce %shape {kind = 1 : i32, dims = array<i64: 0>} : (tensor<2xi64>) -> tensor<i64>
  %float = kiln.cast %count {to = f32} : (tensor<i64>) -> tensor<f32>
  %all = kiln.broadcast %float {dims = array<i64>, shape = array<i64: 1, 8>} : (tensor<f32>) -> tensor<1x8xf32>
  %4 = kiln.div %3, %all : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  return %4 : tensor<1x8xf32>
}
