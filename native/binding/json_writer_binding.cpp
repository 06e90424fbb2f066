// The function writeVectorsJson of src/native/binding.ts.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "binding/addon_state.h"
#include "binding/arguments.h"
#include "binding/classes.h"
#include "binding/errors.h"
#include "core/error.h"
#include "core/json_writer.h"

namespace cosimo::binding {
namespace {

class JsonCall : public AsyncCall {
 public:
  using AsyncCall::AsyncCall;

  /// Copies the vectors: a copy costs a fraction of the writing, and nothing JavaScript does to them then
  /// matters.
  void read(const Napi::Value& argument) {
    if (!argument.IsArray())
      throw Error(ErrorCode::invalid_argument, "vectors must be an array of Float32Array");
    const auto array = argument.As<Napi::Array>();
    vectors_.reserve(array.Length());
    for (std::uint32_t i = 0; i < array.Length(); ++i) {
      const Napi::HandleScope scope(array.Env());
      const std::span<const float> vector = floats_argument(array.Get(i), "each of the vectors");
      vectors_.emplace_back(vector.begin(), vector.end());
    }
  }

  /// On the pool thread.
  void write() noexcept {
    try {
      JsonWriter writer;
      for (const std::vector<float>& vector : vectors_) writer.append(vector);
      text_ = std::make_unique<std::string>(writer.take());
    } catch (...) {
      error = std::current_exception();
    }
    vectors_ = {};
  }

  /// The Buffer takes the text over and frees it when it is collected.
  Napi::Value value(Napi::Env env) override {
    const auto free_text = [](Napi::BasicEnv, char*, std::string* text) { delete text; };
    const auto buffer =
        Napi::Buffer<char>::NewOrCopy(env, text_->data(), text_->size(), free_text, text_.get());
    text_.release();
    return buffer;
  }

 private:
  std::vector<std::vector<float>> vectors_;
  std::unique_ptr<std::string> text_;
};

Napi::Value write_vectors_json(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    AddonState& state = *AddonState::of(info.Env());
    auto owned = std::make_unique<JsonCall>(info.Env());
    JsonCall& call = *owned;
    return state.calls().begin(info.Env(), std::move(owned), [&] {
      call.read(info[0]);
      AsyncCalls& calls = state.calls();
      state.json_pool().submit([&call, &calls](TaskFate fate) {
        if (fate == TaskFate::run) call.write();
        calls.finish(call);  // a cancelled one goes down with its environment
      });
    });
  });
}

}  // namespace

Napi::Function define_write_vectors_json(Napi::Env env) {
  return Napi::Function::New(env, write_vectors_json, "writeVectorsJson");
}

}  // namespace cosimo::binding
