// Promises whose work runs on threads of our own.
#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace cosimo::binding {

/// One promise under way. A pool thread fills in the outcome and calls AsyncCalls::finish; all else, and
/// every JavaScript value in here, belongs to the JavaScript thread.
class AsyncCall {
 public:
  explicit AsyncCall(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}
  virtual ~AsyncCall() = default;
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;

  /// What the promise resolves to. JavaScript thread, once, after finish() without an error.
  virtual Napi::Value value(Napi::Env env) = 0;

  /// Why the promise is rejected. Set by the pool thread before finish().
  std::exception_ptr error;

 private:
  friend class AsyncCalls;

  Napi::Promise::Deferred deferred_;
  AsyncCall* next_finished_ = nullptr;
};

/// The promises of one environment. An environment with none under way may end its event loop; one under way
/// keeps it.
class AsyncCalls {
 public:
  explicit AsyncCalls(Napi::Env env);

  /// Starts a call and returns its promise, which is rejected at once when `start` throws. `start` hands the
  /// call to a pool thread, which finishes it exactly once. JavaScript thread.
  Napi::Promise begin(Napi::Env env, std::unique_ptr<AsyncCall> call, const std::function<void()>& start);

  /// Any thread, but none after shut_down(). The call belongs to the JavaScript thread from here on.
  void finish(AsyncCall& call) noexcept;

  /// Before the environment goes, and after every thread that could finish a call has ended. Promises under
  /// way are never settled: nobody is left to hear of it.
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
  AsyncCall* finished_ =
      nullptr;  // a list, newest first; linked inside the calls, so that finishing can't fail
};

}  // namespace cosimo::binding
