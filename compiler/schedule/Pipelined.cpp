//===- Pipelined.cpp - the next step's loads run under this one's arithmetic ------------------------------------------===//
//
//   for (k) { shared = global(k); barrier; use(shared); barrier }
//
// becomes, with two buffers and one barrier a step,
//
//   shared[0] = global(first); barrier
//   for (k) { next = global(min(k + 1, last)); use(shared[k % 2]); shared[(k + 1) % 2] = next; barrier }
//
// Halide's own overlaps (async, ring buffers) are for processors with caches. It applies to every serial loop that fills shared memory.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/ApplyGpu.h"
#include <algorithm>

namespace kiln::schedule {
using namespace Halide::Internal;
using Halide::Expr;
using Halide::Int;

namespace {
using Lets = std::vector<std::pair<std::string, Expr>>;

struct Writes : IRVisitor {
  using IRVisitor::visit;
  const std::set<std::string> &names;
  bool found = false;
  explicit Writes(const std::set<std::string> &names) : names(names) {}
  void visit(const Store *store) override {
    found |= names.count(store->name) != 0;
    IRVisitor::visit(store);
  }
};

bool writes(const Stmt &stmt, const std::set<std::string> &names) {
  Writes visitor(names);
  stmt.accept(&visitor);
  return visitor.found;
}

bool isBarrier(const Stmt &stmt) {
  const auto *evaluate = stmt.as<Evaluate>();
  const auto *call = evaluate ? evaluate->value.as<Call>() : nullptr;
  return call && call->is_intrinsic(Call::gpu_thread_barrier);
}

void flatten(const Stmt &stmt, std::vector<Stmt> &parts) {
  if (const auto *block = stmt.as<Block>()) {
    flatten(block->first, parts);
    flatten(block->rest, parts);
  } else if (const auto *marker = stmt.as<ProducerConsumer>()) {
    flatten(marker->body, parts);
  } else {
    parts.push_back(stmt);
  }
}

Expr moved(const Expr &index, const Expr &by) {
  const Ramp *ramp = index.as<Ramp>();
  return ramp ? Ramp::make(ramp->base + by, ramp->stride, ramp->lanes) : index + by;
}

/// An allocation's second buffer: how far behind the first, and how large both are together.
using Distance = std::map<std::string, std::pair<Expr, Expr>>;

/// Reads the named allocations `by` of their distances further on.
struct Moved : IRMutator {
  using IRMutator::visit;
  const Distance &distance;
  Expr by;
  Moved(const Distance &distance, Expr by) : distance(distance), by(std::move(by)) {}
  Expr visit(const Load *load) override {
    auto further = distance.find(load->name);
    if (further == distance.end())
      return IRMutator::visit(load);
    return Load::make(load->type, load->name, moved(mutate(load->index), by * further->second.first), load->image, load->param,
                      load->predicate, load->alignment);
  }
};

class Pipelined : public IRMutator {
  using IRMutator::visit;

  struct Filling {
    const Store *store;
    Lets lets;
    Expr condition; ///< undefined: always
  };

  Stmt visit(const Allocate *allocate) override {
    if (allocate->memory_type != Halide::MemoryType::GPUShared)
      return IRMutator::visit(allocate);
    sizes[allocate->name] = allocate->extents[0];
    Stmt body = mutate(allocate->body);
    sizes.erase(allocate->name);
    std::vector<Expr> extents = allocate->extents;
    if (auto further = distance.find(allocate->name); further != distance.end()) {
      extents[0] = further->second.second;
      distance.erase(further);
    }
    return Allocate::make(allocate->name, allocate->type, allocate->memory_type, extents, allocate->condition, body);
  }

  static bool collect(const Stmt &stmt, Lets lets, const Expr &condition, std::vector<Filling> &fillings) {
    std::vector<Stmt> parts;
    flatten(stmt, parts);
    for (const Stmt &part : parts) {
      if (const auto *let = part.as<LetStmt>()) {
        Lets inner = lets;
        inner.emplace_back(let->name, let->value);
        if (!collect(let->body, inner, condition, fillings))
          return false;
      } else if (const auto *guard = part.as<IfThenElse>()) {
        if (guard->else_case.defined() ||
            !collect(guard->then_case, lets, condition.defined() ? condition && guard->condition : guard->condition, fillings))
          return false;
      } else if (const auto *store = part.as<Store>()) {
        fillings.push_back({store, lets, condition});
      } else {
        return false;
      }
    }
    return true;
  }

  Stmt visit(const LetStmt *let) override {
    ScopedBinding<Interval> bound(scope, let->name, bounds_of_expr_in_scope(let->value, scope));
    return IRMutator::visit(let);
  }

  /// As near behind the first as what a step fills allows: an allocation may also hold, at other times, what is larger.
  static std::pair<Expr, Expr> secondBuffer(const std::vector<Interval> &places, const Expr &size) {
    std::vector<std::pair<int64_t, int64_t>> filled;
    auto whole = as_const_int(size);
    for (const Interval &place : places) {
      auto min = as_const_int(simplify(place.min)), max = as_const_int(simplify(place.max));
      if (!place.is_bounded() || !min || !max || !whole)
        return {size, size * 2};
      filled.emplace_back(*min, *max);
    }
    int64_t best = *whole, last = 0;
    for (auto [first, end] : filled)
      last = std::max(last, end);
    auto free = [&](int64_t by) {
      return std::none_of(filled.begin(), filled.end(), [&](auto one) {
        return std::any_of(filled.begin(), filled.end(),
                           [&](auto other) { return one.first + by <= other.second && other.first <= one.second + by; });
      });
    };
    for (auto one : filled)
      for (auto other : filled)
        if (int64_t by = (other.second - one.first + 4) / 4 * 4; by > 0 && by < best && free(by)) // whole vectors
          best = by;
    return {Expr(int(best)), Expr(int(std::max(*whole, last + 1 + best)))};
  }

  Stmt visit(const For *loop) override {
    if (loop->for_type == Halide::Internal::ForType::GPUThread) {
      ScopedBinding<Interval> bound(scope, loop->name, Interval(loop->min, simplify(loop->min + loop->extent - 1)));
      return IRMutator::visit(loop);
    }
    std::set<std::string> names;
    for (const auto &[name, size] : sizes)
      names.insert(name);
    if (names.empty() || loop->for_type != Halide::Internal::ForType::Serial || !writes(loop->body, names))
      return IRMutator::visit(loop);
    std::vector<Stmt> parts, rest;
    std::vector<Filling> fillings;
    flatten(loop->body, parts);
    for (const Stmt &part : parts)
      if (!writes(part, names)) {
        if (!isBarrier(part))
          rest.push_back(part);
      } else if (!collect(part, {}, Expr(), fillings)) {
        return IRMutator::visit(loop);
      }
    Expr now = Variable::make(Int(32), loop->name), last = loop->min + loop->extent - 1, next = Halide::min(now + 1, last);
    Stmt barrier = Evaluate::make(Call::make(Int(32), Call::gpu_thread_barrier, {CodeGen_GPU_Dev_shared}, Call::Intrinsic));
    auto at = [&](Expr e, const Filling &filling, const Expr &step) {
      for (size_t i = filling.lets.size(); i-- > 0;)
        e = substitute(filling.lets[i].first, filling.lets[i].second, e);
      return simplify(substitute(loop->name, step, e));
    };
    auto put = [&](const Filling &filling, const Expr &step, const Expr &buffer, const Expr &value) {
      const Store *store = filling.store;
      Stmt stored = Store::make(store->name, value, moved(at(store->index, filling, step), buffer * distance.at(store->name).first),
                                store->param, store->predicate, store->alignment);
      return filling.condition.defined() ? IfThenElse::make(at(filling.condition, filling, step), stored) : stored;
    };
    std::vector<Stmt> before, body;
    for (const Filling &filling : fillings)
      if (const std::string &name = filling.store->name; !distance.count(name)) {
        std::vector<Interval> places;
        for (const Filling &other : fillings)
          if (other.store->name == name)
            places.push_back(bounds_of_expr_in_scope(at(other.store->index, other, loop->min), scope));
        distance[name] = secondBuffer(places, sizes.at(name));
      }
    for (const Filling &filling : fillings)
      before.push_back(put(filling, loop->min, 0, at(filling.store->value, filling, loop->min)));
    before.push_back(barrier);
    Moved reading(distance, (now - loop->min) % 2);
    for (const Stmt &part : rest)
      body.push_back(reading.mutate(part));
    Lets loaded;
    for (const Filling &filling : fillings) {
      std::string name = unique_name("next");
      Expr value = at(filling.store->value, filling, next);
      loaded.emplace_back(name, value);
      body.push_back(put(filling, next, (now - loop->min + 1) % 2, Variable::make(value.type(), name)));
    }
    body.push_back(barrier);
    Stmt step = Block::make(body);
    for (size_t i = loaded.size(); i-- > 0;)
      step = LetStmt::make(loaded[i].first, loaded[i].second, step);
    return Block::make(Block::make(before), For::make(loop->name, loop->min, loop->extent, loop->for_type, loop->partition_policy,
                                                      loop->device_api, step));
  }

  static constexpr int CodeGen_GPU_Dev_shared = 2; ///< the fence of a barrier: shared memory
  std::map<std::string, Expr> sizes; ///< of the shared allocations around, in elements
  Distance distance;
  Scope<Interval> scope; ///< of the block's threads and what is let of them
};
} // namespace

std::unique_ptr<IRMutator> pipelined() { return std::make_unique<Pipelined>(); }
} // namespace kiln::schedule
