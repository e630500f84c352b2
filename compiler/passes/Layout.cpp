//===- Layout.cpp - how each value between launches is stored -----------------------------------------------------------===//
//
// In: launches of kernels on dense tensors. Out: layouts as encodings on the kernels' signatures, chosen by what the product kernels want:
//  - a product's result has the dimension that only its right operand brings (output channels) in blocks of one vector: NCHWc, or rows
//    padded to whole vectors; too few of them, and the lanes run along x instead (dense);
//  - maps and pools follow their operands; what leaves the function or is viewed under another shape is dense;
//  - a value that a padded window reads carries the padding as a halo;
//  - the right operand is packed in the order in which the reduction walks the left one, lanes innermost. A parameter is packed by a copy
//    kernel that the next pass hoists into @init; another value is packed only where its lanes are not contiguous.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace kiln {
namespace {

/// A kernel's product, when it has one whose result has the kernel's shape and whose operands are the kernel's own.
struct ProductUse {
  ProductOpInterface op;
  ProductLabels labels;
  int lhs = -1, rhs = -1; ///< operand numbers of the launch, -1 when computed inside
  char lane = 0; ///< the letter blocked in the result, 0: none (lanes run along the last letter)
};

class LayoutPlanner {
public:
  LayoutPlanner(ModuleOp module, func::FuncOp func, int64_t lanes) : symbols(module), func(func), lanes(lanes) {}

  void run() {
    SmallVector<LaunchOp> launches(func.getOps<LaunchOp>());
    markConstants();
    for (LaunchOp launch : launches)
      chooseResult(launch);
    for (LaunchOp launch : launches)
      addHalos(launch);
    for (LaunchOp launch : launches)
      packOperands(launch);
    for (LaunchOp launch : launches)
      retype(launch);
    densify();
  }

private:
  KernelOp kernelOf(LaunchOp launch) { return symbols.lookup<KernelOp>(launch.getKernel()); }

  void markConstants() {
    for (Operation &op : func.getBody().front())
      if (!isa<func::ReturnOp>(op) && llvm::all_of(op.getOperands(), [&](Value v) { return constants.contains(v); }))
        for (Value v : op.getResults())
          constants.insert(v);
  }

  std::optional<ProductUse> productOf(LaunchOp launch) {
    KernelOp kernel = kernelOf(launch);
    std::optional<ProductUse> found;
    kernel.getBody().walk([&](ProductOpInterface op) {
      if (!sameShapes(op->getResultTypes(), withoutLayout(launch.getResult(0).getType())))
        return;
      ProductUse use{op, op.product()};
      if (auto a = dyn_cast<BlockArgument>(op->getOperand(0)))
        use.lhs = a.getArgNumber();
      if (auto a = dyn_cast<BlockArgument>(op->getOperand(1)))
        use.rhs = a.getArgNumber();
      found = use;
    });
    if (!found)
      return found;
    Shape shape = shapeOf(launch.getResult(0).getType());
    const ProductLabels &p = found->labels;
    char only = 0, shared = 0; // letters that the right operand alone brings; that all three have
    for (char c : p.result) {
      bool l = p.lhs.find(c) != std::string::npos, r = p.rhs.find(c) != std::string::npos,
           spatial = p.spatial.find(c) != std::string::npos;
      if (r && !l)
        only = c;
      if (r && l && !spatial)
        shared = c;
    }
    bool viewed = llvm::any_of(launch.getResult(0).getUsers(), [](Operation *u) { return !isa<LaunchOp>(u); });
    char lane = only ? only : shared;
    size_t dim = p.result.find(lane);
    bool last = lane && dim + 1 == p.result.size();
    // Rows are padded whatever their length; channels of an image only where more than half of the lanes work, and nothing views it.
    if (lane && (last ? shape[dim] > 1 : shape[dim] * 2 > lanes && !(viewed && shared && shape[p.result.find(shared)] > 1)))
      found->lane = lane;
    return found;
  }

  bool needsDense(Value v) {
    return llvm::any_of(v.getUsers(), [](Operation *user) { return !isa<LaunchOp>(user); });
  }

  void chooseResult(LaunchOp launch) {
    Value v = launch.getResult(0);
    auto type = cast<RankedTensorType>(v.getType());
    Shape shape = shapeOf(type);
    Layout layout = Layout::dense(type.getRank());
    if (auto product = productOf(launch)) {
      if (product->lane)
        layout = Layout::blocked(type.getRank(), product->labels.result.find(product->lane), lanes);
    } else if (!constants.contains(v)) {
      bool reduces = false;
      kernelOf(launch).getBody().walk([&](AlgorithmOpInterface op) { reduces |= op.role() == Role::Reduce; });
      for (Value operand : launch.getOperands()) {
        auto from = cast<RankedTensorType>(operand.getType());
        auto it = chosen.find(operand);
        if (reduces || it == chosen.end() || from.getRank() != type.getRank() || type.getRank() < 3)
          continue;
        for (int64_t d = 0; d + 1 < type.getRank(); ++d)
          if (int64_t block = it->second.blockOf(d);
              block && (from.getDimSize(d) == shape[d] || (shape[d] % block == 0 && from.getDimSize(d) % block == 0)))
            layout = Layout::blocked(type.getRank(), d, block);
      }
    }
    if (needsDense(v) && !layout.storedAsDense(shape) && !productOf(launch))
      layout = Layout::dense(type.getRank());
    chosen[v] = layout;
  }

  // A padded window reads its left operand's padding from a halo; what the caller owns, and what is viewed, has none.
  void addHalos(LaunchOp launch) {
    auto product = productOf(launch);
    if (!product || product->lhs < 0 || product->labels.spatial.empty())
      return;
    Value v = launch.getOperand(product->lhs);
    auto it = chosen.find(v);
    if (it == chosen.end() || needsDense(v) || constants.contains(v))
      return;
    auto attribute = [&](StringRef name) { return product->op->getAttrOfType<DenseI64ArrayAttr>(name).asArrayRef(); };
    for (auto [i, c] : llvm::enumerate(product->labels.spatial)) {
      if (attribute("lhs_dilation")[i] != 1)
        return;
      int64_t d = product->labels.lhs.find(c), k = product->labels.rhs.find(c), out = product->labels.result.find(c);
      int64_t low = attribute("low")[i];
      int64_t reach = (shapeOf(launch.getResult(0).getType())[out] - 1) * attribute("strides")[i] +
                      (shapeOf(product->op->getOperand(1).getType())[k] - 1) * attribute("dilation")[i] - low;
      if (it->second.blockOf(d))
        return;
      it->second.low[d] = std::max(it->second.low[d], low);
      it->second.high[d] = std::max(it->second.high[d], reach - (shapeOf(v.getType())[d] - 1));
    }
  }

  Layout layoutFor(Value v) {
    auto it = chosen.find(v);
    return it == chosen.end() ? layoutOf(v.getType()) : it->second;
  }

  void packOperands(LaunchOp launch) {
    auto product = productOf(launch);
    int packed = -1;
    if (product && product->lane && product->rhs >= 0) {
      const ProductLabels &p = product->labels;
      Value rhs = launch.getOperand(product->rhs);
      int64_t rank = cast<RankedTensorType>(rhs.getType()).getRank(), laneDim = p.rhs.find(product->lane);
      Layout want = Layout::dense(rank);
      want.order = {{laneDim, Part::Inner, lanes}};
      std::vector<bool> placed(rank, false);
      placed[laneDim] = true;
      Layout left = product->lhs >= 0 ? layoutFor(launch.getOperand(product->lhs)) : Layout::dense(p.lhs.size());
      for (const StoredDim &s : left.order)
        if (size_t d = p.rhs.find(p.lhs[s.dim]); d != std::string::npos && static_cast<int64_t>(d) != laneDim) {
          bool spatial = p.spatial.find(p.lhs[s.dim]) != std::string::npos;
          want.order.push_back({static_cast<int64_t>(d), spatial ? Part::Whole : s.part, spatial ? 0 : s.block});
          placed[d] = true;
        }
      for (int64_t d = rank; d-- > 0;)
        if (!placed[d])
          want.order.push_back({d});
      want.order.push_back({laneDim, Part::Outer, lanes});
      bool contiguous = laneDim + 1 == rank && shapeOf(rhs.getType())[laneDim] % lanes == 0;
      if (constants.contains(rhs) || !(contiguous && layoutFor(rhs).storedAsDense(shapeOf(rhs.getType())))) {
        pack(launch, product->rhs, want);
        packed = product->rhs;
      }
    }
    // Small parameters along a padded dimension are padded with it, so that the last lanes read zeros.
    Shape shape = shapeOf(launch.getResult(0).getType());
    for (int64_t d = 0, rank = shape.size(); d < rank; ++d)
      if (int64_t block = layoutFor(launch.getResult(0)).blockOf(d); block && shape[d] % block)
        for (auto [i, operand] : llvm::enumerate(launch.getOperands())) {
          auto type = cast<RankedTensorType>(operand.getType());
          if (static_cast<int>(i) != packed && constants.contains(operand) && type.getRank() == 1 && type.getDimSize(0) == shape[d])
            pack(launch, i, Layout::blocked(1, 0, block));
        }
  }

  // Gives operand `number` the layout: by choosing it where its producer has no other use, else through a copy kernel.
  void pack(LaunchOp launch, int number, const Layout &layout) {
    Value v = launch.getOperand(number);
    if (layoutFor(v) == layout)
      return;
    if (v.getDefiningOp<LaunchOp>() && v.hasOneUse() && constants.contains(v)) {
      chosen[v] = layout;
      return;
    }
    auto key = std::make_pair(v, layout.print());
    auto it = copies.find(key);
    if (it == copies.end())
      it = copies.insert({key, copy(v, layout, launch)}).first;
    launch->setOperand(number, it->second);
  }

  Value copy(Value v, const Layout &layout, Operation *before) {
    OpBuilder builder(func);
    auto type = cast<RankedTensorType>(v.getType());
    Type from = withLayout(type, layoutFor(v)), to = withLayout(type, layout);
    std::string name = "copy" + std::to_string(copies.size() + dense++) + "_" + func.getSymName().str();
    auto kernel =
        builder.create<KernelOp>(v.getLoc(), name, builder.getFunctionType({from}, {to}), ScheduleAttr(), ArrayAttr(), ArrayAttr());
    Block *block = builder.createBlock(&kernel.getBody(), {}, {from}, {v.getLoc()});
    builder.create<ReturnOp>(v.getLoc(), block->getArgument(0));
    symbols.insert(kernel);
    if (v.getDefiningOp() && constants.contains(v))
      builder.setInsertionPointAfter(v.getDefiningOp());
    else
      builder.setInsertionPoint(before);
    auto launch = builder.create<LaunchOp>(v.getLoc(), TypeRange(to), name, ValueRange(v), DenseI64ArrayAttr());
    if (constants.contains(v))
      constants.insert(launch.getResult(0));
    return launch.getResult(0);
  }

  void retype(LaunchOp launch) {
    KernelOp kernel = kernelOf(launch);
    for (auto [operand, argument] : llvm::zip(launch.getOperands(), kernel.getBody().getArguments())) {
      Type type = withLayout(cast<RankedTensorType>(operand.getType()), layoutFor(operand));
      argument.setType(type);
    }
    SmallVector<Type> results;
    for (Value v : launch.getResults())
      results.push_back(withLayout(cast<RankedTensorType>(v.getType()), layoutFor(v)));
    SmallVector<Type> arguments(kernel.getBody().getArgumentTypes());
    kernel.setFunctionType(FunctionType::get(kernel.getContext(), arguments, results));
    for (auto [v, type] : llvm::zip(launch.getResults(), results)) {
      chosen.erase(v);
      v.setType(cast<RankedTensorType>(type));
    }
  }

  // What is returned or viewed must lie densely: a copy kernel makes it so where its producer could not.
  void densify() {
    for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
      if (isa<LaunchOp>(op))
        continue;
      for (OpOperand &use : op.getOpOperands()) {
        auto type = cast<RankedTensorType>(use.get().getType());
        if (!type.getEncoding())
          continue;
        Layout plain = Layout::dense(type.getRank());
        if (layoutOf(type).storedAsDense(shapeOf(type))) {
          // The same bytes: forget the blocks by a view.
          OpBuilder builder(&op);
          use.set(builder.create<ReshapeOp>(op.getLoc(), use.get(), type.getShape()));
        } else {
          use.set(copy(use.get(), plain, &op));
        }
      }
    }
  }

  SymbolTable symbols;
  func::FuncOp func;
  int64_t lanes;
  int dense = 0;
  llvm::DenseSet<Value> constants;
  llvm::DenseMap<Value, Layout> chosen;
  struct Less {
    bool operator()(const std::pair<Value, std::string> &a, const std::pair<Value, std::string> &b) const {
      return std::make_pair(a.first.getAsOpaquePointer(), a.second) < std::make_pair(b.first.getAsOpaquePointer(), b.second);
    }
  };
  std::map<std::pair<Value, std::string>, Value, Less> copies;
};

struct LayoutPass : PassWrapper<LayoutPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LayoutPass)
  explicit LayoutPass(int64_t lanes) { this->lanes = lanes; }
  LayoutPass(const LayoutPass &o) : PassWrapper(o) { lanes = o.lanes; }
  StringRef getArgument() const override { return "kiln-layout"; }
  StringRef getDescription() const override { return "choose how values between launches are stored"; }
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      LayoutPlanner(getOperation(), func, lanes).run();
  }
  Option<int64_t> lanes{*this, "lanes", llvm::cl::desc("f32 lanes of a vector"), llvm::cl::init(16)};
};
} // namespace

std::unique_ptr<Pass> createLayoutPass(int64_t lanes) { return std::make_unique<LayoutPass>(lanes); }
} // namespace kiln
