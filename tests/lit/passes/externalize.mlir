// Constants too large for code become parameters, and so do those that are returned or viewed: no kernel makes them.
// RUN: kiln-opt --kiln-externalize %s | FileCheck %s

// CHECK-DAG:   kiln.parameter @[[LARGE:constant[0-9]+]] : tensor<17xi64>
// CHECK-DAG:   kiln.parameter @[[RETURNED:constant[0-9]+]] : tensor<2xf32>
// CHECK-DAG:   kiln.parameter @[[VIEWED:constant[0-9]+]] : tensor<6xf32>
// CHECK-LABEL: func.func @main
// CHECK-DAG:     %[[SMALL:.*]] = kiln.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi64>
// CHECK-DAG:     %[[SPLAT:.*]] = kiln.constant dense<7> : tensor<1000xi64>
// CHECK-DAG:     %[[L:.*]] = kiln.use @[[LARGE]]
// CHECK-DAG:     %[[R:.*]] = kiln.use @[[RETURNED]]
// CHECK-DAG:     %[[V:.*]] = kiln.use @[[VIEWED]]
// CHECK-DAG:     kiln.neg %[[SMALL]]
// CHECK-DAG:     kiln.neg %[[SPLAT]]
// CHECK-DAG:     kiln.neg %[[L]]
// CHECK-DAG:     kiln.reshape %[[V]]
// CHECK:         return %{{.*}}, %{{.*}}, %{{.*}}, %[[R]], %{{.*}} :
func.func @main() -> (tensor<16xi64>, tensor<1000xi64>, tensor<17xi64>, tensor<2xf32>, tensor<2x3xf32>) {
  %0 = kiln.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi64>
  %1 = kiln.neg %0 : (tensor<16xi64>) -> tensor<16xi64>
  %2 = kiln.constant dense<7> : tensor<1000xi64>
  %3 = kiln.neg %2 : (tensor<1000xi64>) -> tensor<1000xi64>
  %4 = kiln.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]> : tensor<17xi64>
  %5 = kiln.neg %4 : (tensor<17xi64>) -> tensor<17xi64>
  %6 = kiln.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %7 = kiln.constant dense<0.0> : tensor<6xf32>
  %8 = kiln.reshape %7 {shape = array<i64: 2, 3>} : (tensor<6xf32>) -> tensor<2x3xf32>
  return %1, %3, %5, %6, %8 : tensor<16xi64>, tensor<1000xi64>, tensor<17xi64>, tensor<2xf32>, tensor<2x3xf32>
}
