//===- Products.cpp - matrix products: one contract each, transposes in its labels -----------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

static void writeMatMul(Call &call) { call.result(call.builder.matmul(call.in(0), call.in(1))); }

/// alpha * A' * B' + beta * C.
static void writeGemm(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.in(0), w = call.in(1);
  bool transA = call.integer("transA", 0), transB = call.integer("transB", 0);
  double alpha = call.number("alpha", 1.0), beta = call.number("beta", 1.0);
  if (rankOf(x) != 2 || rankOf(w) != 2 || sizesOf(x)[transA ? 0 : 1] != sizesOf(w)[transB ? 1 : 0])
    call.refuse("its operands " + shapeText(x) + (transA ? " (transposed)" : "") + " and " + shapeText(w) +
                (transB ? " (transposed)" : "") + " do not fit");
  Value y = b.contract(x, w, std::string(transA ? "km" : "mk") + (transB ? ",nk" : ",kn") + "->mn");
  if (alpha != 1)
    y = b.map<MulOp>(y, alpha);
  if (call.has(2)) {
    Value c = beta == 1 ? call.in(2) : b.map<MulOp>(call.in(2), beta);
    y = b.map<AddOp>(y, b.broadcast(c, sizesOf(y)));
  }
  call.result(y);
}

//===- einsum -===//

namespace {
struct Term {
  Value value;
  std::string labels;
};
} // namespace

/// Sums what no other term and no result mentions.
static void sumAlone(GraphBuilder &b, Term &term, const std::string &others) {
  Shape dims;
  std::string kept;
  for (auto [i, c] : llvm::enumerate(term.labels))
    if (others.find(c) == std::string::npos)
      dims.push_back(static_cast<int64_t>(i));
    else
      kept += c;
  term.value = b.reduce(term.value, ReduceKind::Add, dims);
  term.labels = kept;
}

/// Terms are contracted from left to right, each pair keeping what is still asked for. No ellipsis, no letter twice in one term.
static void writeEinsum(Call &call) {
  GraphBuilder &b = call.builder;
  std::string equation = call.text("equation"), plain;
  for (char c : equation)
    if (!isspace(static_cast<unsigned char>(c)))
      plain += c;
  auto refuse = [&](const std::string &why) { call.refuse("its equation is " + quoted(equation) + ": " + why); };
  size_t arrow = plain.find("->");
  SmallVector<StringRef> labels;
  StringRef(plain).take_front(arrow).split(labels, ',');
  std::vector<Term> terms;
  if (labels.size() != call.size())
    refuse("it names " + std::to_string(labels.size()) + " operands, the node has " + std::to_string(call.size()));
  std::map<char, int64_t> extents;
  for (auto [i, each] : llvm::enumerate(labels)) {
    Term term{call.in(i), each.str()};
    if (each.contains('.'))
      refuse("kiln does not compile an ellipsis in it");
    if (static_cast<int64_t>(each.size()) != rankOf(term.value))
      refuse("operand " + std::to_string(i) + " is " + shapeText(term.value));
    for (auto [dim, c] : llvm::enumerate(each)) {
      if (!isalpha(static_cast<unsigned char>(c)) || each.count(c) > 1)
        refuse("kiln compiles letters only, each once in an operand");
      if (extents.emplace(c, sizesOf(term.value)[dim]).first->second != sizesOf(term.value)[dim])
        refuse(std::string("operands disagree on the size of '") + c + "'");
    }
    terms.push_back(std::move(term));
  }
  std::string result;
  if (arrow != std::string::npos)
    result = plain.substr(arrow + 2);
  else
    for (auto &[c, size] : extents)
      if (StringRef(plain).count(c) == 1)
        result += c;
  for (char c : result)
    if (!extents.count(c) || StringRef(result).count(c) > 1)
      refuse("its result has a letter that the operands lack, or twice");
  auto asked = [&](size_t from) {
    std::string letters = result;
    for (size_t i = from; i < terms.size(); ++i)
      letters += terms[i].labels;
    return letters;
  };
  Term left = terms[0];
  for (size_t i = 1; i < terms.size(); ++i) {
    std::string later = asked(i + 1);
    sumAlone(b, left, later + terms[i].labels);
    sumAlone(b, terms[i], later + left.labels);
    std::string kept;
    for (char c : left.labels + terms[i].labels)
      if (later.find(c) != std::string::npos && kept.find(c) == std::string::npos)
        kept += c;
    if (i + 1 == terms.size())
      kept = result;
    left = {b.contract(left.value, terms[i].value, left.labels + "," + terms[i].labels + "->" + kept), kept};
  }
  sumAlone(b, left, result);
  Shape perm;
  for (char c : result)
    perm.push_back(static_cast<int64_t>(left.labels.find(c)));
  call.result(b.transpose(left.value, perm));
}

static const Rules rules = {
    {"MatMul", 2, 2, writeMatMul},
    {"Gemm", 2, 3, writeGemm},
    {"Einsum", 1, unlimited, writeEinsum},
};
