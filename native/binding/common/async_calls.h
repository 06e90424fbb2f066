// Promises whose work runs on the addon's own threads.
#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace cosimo::binding {

/// One promise under way. A pool thread sets the outcome and calls AsyncCalls::finish. Everything else,
/// JavaScript values above all, is for the JavaScript thread.
class AsyncCall {
 public:
  explicit AsyncCall(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}
  virtual ~AsyncCall() = default;
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;

  /// Makes what the promise resolves to. Called once on the JavaScript thread, after finish() without an
  /// error.
  virtual Napi::Value value(Napi::Env env) = 0;

  /// Why the promise is rejected. Set by the pool thread before finish().
  std::exception_ptr error;

 private:
  friend class AsyncCalls;

  Napi::Promise::Deferred deferred_;
  AsyncCall* next_finished_ = nullptr;
};

/// The promises of one environment. While one is under way, the event loop of the environment does not end.
class AsyncCalls {
 public:
  explicit AsyncCalls(Napi::Env env);

  /// Calls `start`, which hands the call to a pool thread; that thread finishes it exactly once. Returns the
  /// promise, rejected already when `start` throws. JavaScript thread.
  Napi::Promise begin(Napi::Env env, std::unique_ptr<AsyncCall> call, const std::function<void()>& start);

  /// Call from any thread, before shut_down(). The call is gone afterwards.
  void finish(AsyncCall& call) noexcept;

  /// Called before the environment ends, once no thread can finish a call any more. Promises under way are
  /// never settled: no JavaScript is left to notice.
  void shut_down() noexcept;

 private:
  static void on_wake(Napi::Env env, Napi::Function unused, AsyncCalls* calls, void* no_data);
  using Waker = Napi::TypedThreadSafeFunction<AsyncCalls, void, &AsyncCalls::on_wake>;

  void settle_finished(Napi::Env env);
  void settle(Napi::Env env, AsyncCall& call);
  void forget(Napi::Env env, AsyncCall& call);

  Waker waker_;
  std::unordered_map<AsyncCall*, std::unique_ptr<AsyncCall>> under_way_;  // JavaScript thread

  std::mutex mutex_;
  // A list, newest first. It is linked inside the calls, so that finish() needs no memory.
  AsyncCall* finished_ = nullptr;
};

}  // namespace cosimo::binding
