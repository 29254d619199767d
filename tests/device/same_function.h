// Whether two functions are called the same way: arguments by their width, whatever their types.
#pragma once

#include <type_traits>

namespace octet {

template <class A, class B>
constexpr bool kSameArgument =
    sizeof(A) == sizeof(B) && std::is_floating_point_v<A> == std::is_floating_point_v<B>;

template <class A, class B>
struct SameFunction : std::false_type {};
template <class R, class... A, class S, class... B>
requires(sizeof...(A) == sizeof...(B)) struct SameFunction<R (*)(A...), S (*)(B...)>
    : std::bool_constant<kSameArgument<R, S> && (kSameArgument<A, B> && ...)> {
};

}  // namespace octet
