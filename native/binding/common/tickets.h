// Tickets: numbers that JavaScript uses to cancel a call that it has begun.
#pragma once

#include <napi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "binding/common/arguments.h"

namespace cosimo::binding {

/// Ticket → work under way. Keeps no work alive. Used by the JavaScript thread only.
template <typename Work>
class Tickets {
 public:
  /// Reserves the ticket's place, where the caller puts the work; null when `ticket` is undefined. Call
  /// before starting the work, so that nothing can fail after it has started. Throws Error invalid_argument,
  /// std::bad_alloc.
  std::weak_ptr<Work>* place_for(const Napi::Value& ticket) {
    if (ticket.IsUndefined()) return nullptr;
    const std::uint64_t number = number_of(ticket);
    // Tickets of work that has ended are erased when there are many.
    if (under_way_.size() >= kept_) {
      std::erase_if(under_way_, [](const auto& entry) { return entry.second.expired(); });
      kept_ = std::max(kFew, 2 * under_way_.size());
    }
    return &under_way_[number];
  }

  /// The work of a ticket, null when there is none or it has ended. Forgets the ticket. Throws Error
  /// invalid_argument.
  std::shared_ptr<Work> take(const Napi::Value& ticket) {
    const auto found = under_way_.find(number_of(ticket));
    if (found == under_way_.end()) return nullptr;
    std::shared_ptr<Work> work = found->second.lock();
    under_way_.erase(found);
    return work;
  }

 private:
  static constexpr std::size_t kFew = 1024;

  static std::uint64_t number_of(const Napi::Value& ticket) {
    return integer_argument(ticket, "ticket", 1, ~std::uint64_t{0});
  }

  std::unordered_map<std::uint64_t, std::weak_ptr<Work>> under_way_;
  std::size_t kept_ = kFew;
};

}  // namespace cosimo::binding
