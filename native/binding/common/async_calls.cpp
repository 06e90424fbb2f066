#include "binding/common/async_calls.h"

#include <utility>

#include "binding/common/errors.h"

namespace cosimo::binding {

AsyncCalls::AsyncCalls(Napi::Env env) : waker_(Waker::New(env, "cosimo", 0, 1, this)) { waker_.Unref(env); }

Napi::Promise AsyncCalls::begin(Napi::Env env, std::unique_ptr<AsyncCall> call,
                                const std::function<void()>& start) {
  AsyncCall& started = *call;
  const Napi::Promise promise = started.deferred_.Promise();
  under_way_.emplace(&started, std::move(call));
  if (under_way_.size() == 1) waker_.Ref(env);
  try {
    start();
  } catch (...) {
    started.error = std::current_exception();
    settle(env, started);
  }
  return promise;
}

void AsyncCalls::finish(AsyncCall& call) noexcept {
  {
    const std::lock_guard lock(mutex_);
    call.next_finished_ = std::exchange(finished_, &call);
    if (call.next_finished_ != nullptr) return;  // the JavaScript thread has been woken already
  }
  waker_.NonBlockingCall();
}

void AsyncCalls::on_wake(Napi::Env env, Napi::Function, AsyncCalls* calls, void*) {
  if (static_cast<napi_env>(env) != nullptr) calls->settle_finished(env);  // null: the environment is ending
}

void AsyncCalls::settle_finished(Napi::Env env) {
  AsyncCall* newest = nullptr;
  {
    const std::lock_guard lock(mutex_);
    newest = std::exchange(finished_, nullptr);
  }
  AsyncCall* oldest = nullptr;
  while (newest != nullptr) {
    AsyncCall* next = std::exchange(newest->next_finished_, oldest);
    oldest = std::exchange(newest, next);
  }
  while (oldest != nullptr) {
    AsyncCall& call = *oldest;
    oldest = call.next_finished_;
    settle(env, call);
  }
}

void AsyncCalls::settle(Napi::Env env, AsyncCall& call) {
  const Napi::HandleScope scope(env);
  try {
    try {
      if (call.error) std::rethrow_exception(call.error);
      call.deferred_.Resolve(call.value(env));
    } catch (...) {
      call.deferred_.Reject(to_js_error(env, std::current_exception()).Value());
    }
  } catch (const Napi::Error&) {
    // The environment is being terminated and takes no more JavaScript values.
  }
  forget(env, call);
}

void AsyncCalls::forget(Napi::Env env, AsyncCall& call) {
  under_way_.erase(&call);
  if (under_way_.empty()) waker_.Unref(env);
}

void AsyncCalls::shut_down() noexcept {
  under_way_.clear();
  waker_.Release();
}

}  // namespace cosimo::binding
