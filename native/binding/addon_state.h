// What one environment, of the main thread or of a worker, owns.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_set>

#include "binding/common/async_calls.h"
#include "core/base/thread_pool.h"
#include "core/encoder/transformer_encoder.h"
#include "core/search/searcher.h"

namespace cosimo::binding {

/// For the JavaScript thread of its environment. Objects of the addon share it: at the end of an environment
/// they may be finalized after the instance data, which also holds it.
///
/// An environment ends in its cleanup hook, in this order: threads are stopped and joined, so that none can
/// finish a call any more; the calls are destroyed; Node tears down the thread-safe function. process.exit on
/// the main thread runs no hooks: threads then work until the process is gone, and use nothing that is
/// destroyed before.
class AddonState {
 public:
  explicit AddonState(Napi::Env env) : calls_(env) {}

  /// The state of an environment, made on the first call. A cleanup hook of the environment shuts it down.
  static std::shared_ptr<AddonState> of(Napi::Env env);

  AsyncCalls& calls() noexcept { return calls_; }

  /// One thread that writes JSON, started when first needed. Throws std::system_error.
  ThreadPool& json_pool();

  /// One thread that loads the weights of encoders, started when first needed. Throws std::system_error.
  ThreadPool& loading_pool();

  /// Stops the object at the end of the environment, unless it is unwatched before. Throws std::bad_alloc.
  void watch(Searcher& searcher) { searchers_.insert(&searcher); }
  void watch(TransformerEncoder& encoder) { encoders_.insert(&encoder); }
  void unwatch(Searcher& searcher) noexcept { searchers_.erase(&searcher); }
  void unwatch(TransformerEncoder& encoder) noexcept { encoders_.erase(&encoder); }

 private:
  void shut_down() noexcept;

  AsyncCalls calls_;
  std::unordered_set<Searcher*> searchers_;
  std::unordered_set<TransformerEncoder*> encoders_;
  std::unique_ptr<ThreadPool> json_pool_;
  std::unique_ptr<ThreadPool> loading_pool_;
};

}  // namespace cosimo::binding
