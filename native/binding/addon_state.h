// What one environment (the main thread's, or a worker's) owns.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_set>

#include "binding/async_calls.h"
#include "core/search/searcher.h"
#include "core/encoder/transformer_encoder.h"
#include "core/base/thread_pool.h"

namespace cosimo::binding {

/// Lives on the JavaScript thread of its environment. Objects of the addon share it, since at the end of an
/// environment they may be finalised after the instance data that also holds it.
///
/// The order of the end, in an environment's cleanup hook: threads are stopped and joined, so that no one can
/// finish a call any more; then the calls go; then Node takes the thread-safe function down. (process.exit on
/// the main thread runs no hooks: threads then work on until the process is gone, and touch nothing that is
/// destroyed before.)
class AddonState {
 public:
  explicit AddonState(Napi::Env env) : calls_(env) {}

  /// The state of an environment, made on the first call. It is shut down by a cleanup hook of the
  /// environment.
  static std::shared_ptr<AddonState> of(Napi::Env env);

  AsyncCalls& calls() noexcept { return calls_; }

  /// The one thread that writes JSON; started when first needed. Throws std::system_error.
  ThreadPool& json_pool();

  /// The one thread that loads the weights of encoders; started when first needed. Throws std::system_error.
  ThreadPool& loading_pool();

  /// What to stop at the end of the environment. Throws std::bad_alloc.
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
