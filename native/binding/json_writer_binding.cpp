// The functions writeVectorsJson, vectorsJson and vectorJsonBytes of src/native/binding.ts.
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "binding/addon_state.h"
#include "binding/common/arguments.h"
#include "binding/common/errors.h"
#include "binding/exports.h"
#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/json/json_writer.h"
#include "kernels/decimals/decimals_dispatch.h"

namespace cosimo::binding {
namespace {

std::size_t room_of(std::span<const float> vector) { return vector_json_room(vector.size()) + 1; }

std::span<const float> vector_argument(const Napi::Value& value) {
  const std::span<const float> vector = floats_argument(value, "each of the vectors");
  require_finite(vector);
  return vector;
}

// Vectors with commas between them, without outer brackets.
Napi::Value write_vectors_json(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::vector<Napi::Value> vectors = elements_argument(info[0], "vectors");
    const std::size_t offset =
        integer_argument(info[2], "offset", 0, std::numeric_limits<std::size_t>::max());
    const std::span<char> target = bytes_argument(info[1], "target", offset);
    char* to = target.data();
    for (const Napi::Value& value : vectors) {
      const std::span<const float> vector = vector_argument(value);
      if (target.size() - static_cast<std::size_t>(to - target.data()) < room_of(vector))
        throw Error(ErrorCode::invalid_argument, "target is too small");
      if (to != target.data()) *to++ = ',';
      to = write_vector_json(to, vector, active_decimals_kernel());
    }
    const std::size_t end = offset + static_cast<std::size_t>(to - target.data());
    return Napi::Number::New(info.Env(), static_cast<double>(end));
  });
}

class JsonCall : public AsyncCall {
 public:
  using AsyncCall::AsyncCall;

  /// Copies the vectors, so that JavaScript may change them at once. A copy takes a fraction of the time of
  /// writing.
  void read(const Napi::Value& argument) {
    const std::vector<Napi::Value> vectors = elements_argument(argument, "vectors");
    vectors_.reserve(vectors.size());
    for (const Napi::Value& value : vectors) {
      const std::span<const float> vector = vector_argument(value);
      vectors_.emplace_back(vector.begin(), vector.end());
    }
  }

  /// Runs on the pool thread.
  void write() noexcept {
    try {
      auto text = std::make_unique<std::string>();
      for (const std::vector<float>& vector : vectors_) {
        const std::size_t start = text->size();
        text->resize(start + room_of(vector));
        char* to = text->data() + start;
        if (start > 0) *to++ = ',';
        text->resize(
            static_cast<std::size_t>(write_vector_json(to, vector, active_decimals_kernel()) - text->data()));
      }
      text_ = std::move(text);
    } catch (...) {
      error = std::current_exception();
    }
    vectors_ = {};
  }

  /// The Buffer owns the text and frees it when it is collected.
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

Napi::Value vectors_json(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    AddonState& state = *AddonState::of(info.Env());
    auto owned = std::make_unique<JsonCall>(info.Env());
    JsonCall& call = *owned;
    return state.calls().begin(info.Env(), std::move(owned), [&] {
      call.read(info[0]);
      AsyncCalls& calls = state.calls();
      state.json_pool().submit([&call, &calls](TaskFate fate) {
        if (fate == TaskFate::run) call.write();
        calls.finish(call);  // a cancelled call is never settled: its environment is ending
      });
    });
  });
}

// What writeVectorsJson and EmbeddingCache.writeJson need in their target for one vector.
Napi::Value vector_json_bytes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::uint64_t dimensions = integer_argument(info[0], "dimensions", 0, std::uint64_t{1} << 32);
    return Napi::Number::New(info.Env(), static_cast<double>(vector_json_room(dimensions) + 1));
  });
}

}  // namespace

void define_json_functions(Napi::Env env, Napi::Object& exports) {
  exports.Set("writeVectorsJson", Napi::Function::New(env, write_vectors_json, "writeVectorsJson"));
  exports.Set("vectorsJson", Napi::Function::New(env, vectors_json, "vectorsJson"));
  exports.Set("vectorJsonBytes", Napi::Function::New(env, vector_json_bytes, "vectorJsonBytes"));
}

}  // namespace cosimo::binding
