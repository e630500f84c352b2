//===- RegisterTiles.cpp - a block's accumulators become each thread's registers --------------------------------------===//
//
// In: loops in which all threads of a block share one allocation of accumulators, each thread touching its own elements only, at f(thread)
// + constant. Out: the same with an allocation a thread, in which the constants are numbered densely. Halide knows accumulators of a
// thread only inside its loops, where they would not live across the staging of shared memory.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/ApplyGpu.h"

namespace kiln::schedule {
using namespace Halide::Internal;
using Halide::Expr;

namespace {
struct WithoutThreads : IRMutator {
  using IRMutator::visit;
  const std::set<std::string> &threads;
  const std::map<std::string, Expr> &lets;
  WithoutThreads(const std::set<std::string> &threads, const std::map<std::string, Expr> &lets) : threads(threads), lets(lets) {}
  Expr visit(const Variable *v) override {
    if (threads.count(v->name))
      return make_zero(v->type);
    auto let = lets.find(v->name);
    return let == lets.end() ? v : mutate(let->second);
  }
};

class RegisterTiles : public IRMutator {
public:
  explicit RegisterTiles(std::string func) : func(std::move(func)) {}

private:
  using IRMutator::visit;

  Stmt visit(const For *loop) override {
    bool isThread = loop->for_type == Halide::Internal::ForType::GPUThread;
    if (isThread)
      threads.insert(loop->name);
    Stmt result = IRMutator::visit(loop);
    if (isThread)
      threads.erase(loop->name);
    return result;
  }

  Stmt visit(const LetStmt *let) override {
    lets[let->name] = let->value;
    Stmt result = IRMutator::visit(let);
    lets.erase(let->name);
    return result;
  }

  Stmt visit(const Allocate *allocate) override {
    if (allocate->name.rfind(func, 0) != 0 || allocate->memory_type != Halide::MemoryType::Register)
      return IRMutator::visit(allocate);
    current = allocate->name;
    slots.clear();
    Stmt body = mutate(allocate->body);
    current.clear();
    return Allocate::make(allocate->name, allocate->type, Halide::MemoryType::Register, {Expr(int(slots.size() + 3) / 4 * 4)},
                          allocate->condition, body);
  }

  /// One register per lane: a vector of them would be one value to LLVM, which keeps it in memory where a lane is chosen.
  std::vector<int> slotsOf(const Expr &index) {
    const Ramp *ramp = index.as<Ramp>();
    Expr rest = simplify(WithoutThreads(threads, lets).mutate(ramp ? ramp->base : index));
    auto constant = as_const_int(rest);
    if (!constant || (ramp && !is_const_one(ramp->stride)))
      throw std::runtime_error("an accumulator's place is no constant");
    std::vector<int> places;
    for (int i = 0; i < (ramp ? ramp->lanes : 1); ++i)
      places.push_back(slots.emplace(*constant + i, int(slots.size())).first->second);
    return places;
  }

  Expr visit(const Load *load) override {
    if (load->name != current)
      return IRMutator::visit(load);
    std::vector<Expr> lanes;
    for (int place : slotsOf(load->index))
      lanes.push_back(
          Load::make(load->type.element_of(), load->name, place, load->image, load->param, const_true(), ModulusRemainder()));
    return lanes.size() == 1 ? lanes[0] : Shuffle::make_concat(lanes);
  }

  Stmt visit(const Store *store) override {
    Expr value = mutate(store->value);
    if (store->name != current)
      return Store::make(store->name, value, mutate(store->index), store->param, mutate(store->predicate), store->alignment);
    std::vector<int> places = slotsOf(store->index);
    auto put = [&](int place, const Expr &lane) {
      return Store::make(store->name, lane, place, store->param, const_true(), ModulusRemainder());
    };
    if (places.size() == 1)
      return put(places[0], value);
    std::string name = unique_name("lanes");
    Expr all = Variable::make(value.type(), name);
    std::vector<Stmt> stores;
    for (size_t i = 0; i < places.size(); ++i)
      stores.push_back(put(places[i], Shuffle::make_extract_element(all, int(i))));
    return LetStmt::make(name, value, Block::make(stores));
  }

  std::string func, current;
  std::set<std::string> threads;
  std::map<std::string, Expr> lets;
  std::map<int64_t, int> slots; ///< in the allocation of a thread, by the constant part of an index
};
} // namespace

std::unique_ptr<IRMutator> registerTiles(const std::string &func) { return std::make_unique<RegisterTiles>(func); }
} // namespace kiln::schedule
