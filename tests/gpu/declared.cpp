// In: our declarations of the CUDA driver and NVIDIA's own header, both in one file (test_declared.py writes declared.inc, where ours have
// the prefix ours_). Out: it compiles if every call takes and gives the same things, by the names that the library exports.
#include <cstddef>
#include <type_traits>

/// NVIDIA's structs for ours; of those not named here, both mean the same opaque one.
template <typename Ours> struct Theirs {
  using type = Ours;
};

/// Whether a caller of one may be a caller of the other: numbers of one size, pointers to the like, equally constant.
template <typename Ours, typename Found> constexpr bool alike() {
  if constexpr (std::is_pointer_v<Ours> || std::is_pointer_v<Found>) {
    if constexpr (!std::is_pointer_v<Ours> || !std::is_pointer_v<Found>) {
      return false;
    } else {
      using A = std::remove_pointer_t<Ours>;
      using B = std::remove_pointer_t<Found>;
      return std::is_const_v<A> == std::is_const_v<B> && alike<std::remove_cv_t<A>, std::remove_cv_t<B>>();
    }
  } else if constexpr (std::is_class_v<Ours> || std::is_class_v<Found> || std::is_void_v<Ours> || std::is_void_v<Found>) {
    return std::is_same_v<typename Theirs<Ours>::type, Found>;
  } else if constexpr (std::is_floating_point_v<Ours> || std::is_floating_point_v<Found>) {
    return std::is_same_v<Ours, Found>;
  } else {
    return sizeof(Ours) == sizeof(Found);
  }
}

template <typename Ours, typename Found> struct Calls : std::false_type {};
template <typename R, typename... A, typename S, typename... B>
struct Calls<R (*)(A...), S (*)(B...)>
    : std::bool_constant<alike<R, S>() && std::is_same_v<std::bool_constant<sizeof...(A) == sizeof...(B)>, std::true_type>> {
  static_assert((alike<A, B>() && ...), "a parameter is of another kind");
};

#include "declared.inc"

#define CHECK(field, name, arguments)                                                                                              \
  static_assert(Calls<decltype(kiln_driver::field), decltype(&::name)>::value, "the call " #name);
KILN_DRIVER_CALLS(CHECK)
