// The class TransformerEncoder and the value encoderKernels of src/native/binding.ts.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "binding/addon_state.h"
#include "binding/common/arguments.h"
#include "binding/common/errors.h"
#include "binding/common/memory_report.h"
#include "binding/common/tickets.h"
#include "binding/encoder_model_argument.h"
#include "binding/exports.h"
#include "core/base/error.h"
#include "core/encoder/transformer_encoder.h"
#include "core/encoder/weights/encoder_sizes.h"
#include "kernels/encoder/encoder_dispatch.h"
#include "kernels/kernel_family.h"

namespace cosimo::binding {
namespace {

constexpr std::size_t kMaxThreads = 1024;
constexpr EncoderPrecision kPrecisions[] = {EncoderPrecision::fp32, EncoderPrecision::bf16,
                                            EncoderPrecision::int8};

const EncoderKernel* kernel_for(EncoderPrecision precision) {
  return choose_encoder_kernel(precision, forced_kernel_name());
}

EncoderPrecision precision_option(const Napi::CallbackInfo& info) {
  const Napi::Value value = info[0].As<Napi::Object>().Get("precision");
  const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  for (const EncoderPrecision precision : kPrecisions) {
    if (name == encoder_precision_name(precision)) return precision;
  }
  throw Error(ErrorCode::invalid_argument, "precision must be 'fp32', 'bf16' or 'int8'");
}

const EncoderKernel& require_kernel(EncoderPrecision precision) {
  if (const EncoderKernel* kernel = kernel_for(precision)) return *kernel;
  std::string others;
  for (const EncoderPrecision other : kPrecisions) {
    if (kernel_for(other) == nullptr) continue;
    others += others.empty() ? "" : ", ";
    others += encoder_precision_name(other);
  }
  throw Error(ErrorCode::invalid_setting,
              std::string("No encoder kernel of this machine computes in ") +
                  encoder_precision_name(precision) + "; with the search kernel " +
                  kernel_family_name(active_kernel_family()) + " there are kernels for: " + others);
}

struct PackedTexts {
  std::vector<std::int32_t> ids;  // one text after another
  std::vector<std::int32_t> lengths;
};

// The one copy of token ids on their way from JavaScript to the encoder.
PackedTexts texts_argument(const Napi::Value& value) {
  const std::vector<Napi::Value> elements = elements_argument(value, "texts");
  PackedTexts texts;
  texts.lengths.reserve(elements.size());
  for (const Napi::Value& element : elements) {
    const std::span<const std::int32_t> ids = int32s_argument(element, "each of texts");
    texts.ids.insert(texts.ids.end(), ids.begin(), ids.end());
    texts.lengths.push_back(static_cast<std::int32_t>(ids.size()));
  }
  return texts;
}

class TransformerEncoderBinding;

// A promise of an encoder. It keeps the encoder from being collected.
class EncoderCall : public AsyncCall {
 public:
  EncoderCall(Napi::Env env, TransformerEncoderBinding& owner, const Napi::Object& object);
  ~EncoderCall() override;

 protected:
  TransformerEncoderBinding& owner_;

 private:
  Napi::ObjectReference kept_;
};

class LoadCall : public EncoderCall {
 public:
  using EncoderCall::EncoderCall;

  /// Runs on the loading thread.
  void load(const EncoderModel& model, const EncoderKernel& kernel, std::size_t threads) noexcept {
    try {
      auto weights = std::make_shared<const EncoderWeights>(model, kernel);
      encoder_ = std::make_unique<TransformerEncoder>(std::move(weights), threads);
    } catch (...) {
      error = std::current_exception();
    }
  }

  Napi::Value value(Napi::Env env) override;

 private:
  std::unique_ptr<TransformerEncoder> encoder_;
};

class EncodeCall : public EncoderCall {
 public:
  using EncoderCall::EncoderCall;

  Napi::Value value(Napi::Env env) override;

  std::vector<float> vectors;
};

class TransformerEncoderBinding : public Napi::ObjectWrap<TransformerEncoderBinding> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Self = TransformerEncoderBinding;
    return DefineClass(env, "TransformerEncoder",
                       {
                           StaticMethod<&Self::why_unsupported>("whyUnsupported"),
                           InstanceAccessor<&Self::dimensions>("dimensions"),
                           InstanceAccessor<&Self::kernel>("kernel"),
                           InstanceAccessor<&Self::precision>("precision"),
                           InstanceAccessor<&Self::memory_bytes>("memoryBytes"),
                           InstanceMethod<&Self::load>("load"),
                           InstanceMethod<&Self::encode>("encode"),
                           InstanceMethod<&Self::cancel>("cancel"),
                           InstanceMethod<&Self::close>("close"),
                       });
  }

  explicit TransformerEncoderBinding(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<TransformerEncoderBinding>(info), state_(AddonState::of(info.Env())) {
    guarded(info.Env(), [&] {
      threads_ = integer_option(info, "threads", 1, kMaxThreads);
      const EncoderPrecision precision = precision_option(info);
      model_ = std::make_shared<const EncoderModel>(
          encoder_model_argument(info[0].As<Napi::Object>().Get("model")));
      dimensions_ = model_->hidden_size;
      kernel_ = &require_kernel(precision);
    });
  }

  ~TransformerEncoderBinding() override { drop(); }

  void begun() noexcept { ++calls_under_way_; }

  /// A call is over. The last call frees a closed encoder; its threads are idle by then, so this does not
  /// block.
  void ended() noexcept {
    --calls_under_way_;
    if (closed_ && calls_under_way_ == 0) drop();
  }

  void loaded(Napi::Env env, std::unique_ptr<TransformerEncoder> encoder) {
    if (closed_) throw_closed();
    state_->watch(*encoder);
    encoder_ = std::move(encoder);
    model_.reset();
    report(env);
  }

  void report(Napi::BasicEnv env) { report_.update(env, encoder_ ? encoder_->memory_bytes() : 0); }

 private:
  [[noreturn]] static void throw_closed() { throw Error(ErrorCode::closed, "The encoder is closed"); }

  static Napi::Value why_unsupported(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const auto unsupported = find_unsupported_size(encoder_sizes_argument(info[0]));
      if (!unsupported) return info.Env().Undefined();
      return Napi::String::New(info.Env(), to_sentence(*unsupported));
    });
  }

  Napi::Value dimensions(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(dimensions_));
  }

  Napi::Value kernel(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), kernel_->name); }

  Napi::Value precision(const Napi::CallbackInfo& info) {
    return Napi::String::New(info.Env(), encoder_precision_name(kernel_->precision));
  }

  Napi::Value memory_bytes(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), encoder_ ? static_cast<double>(encoder_->memory_bytes()) : 0);
  }

  Napi::Value load(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      auto owned = std::make_unique<LoadCall>(info.Env(), *this, info.This().As<Napi::Object>());
      LoadCall& call = *owned;
      AsyncCalls& calls = state_->calls();
      return calls.begin(info.Env(), std::move(owned), [&] {
        if (closed_) throw_closed();
        if (load_begun_) throw Error(ErrorCode::invalid_argument, "load() has been called before");
        state_->loading_pool().submit(
            [&call, &calls, model = model_, kernel = kernel_, threads = threads_](TaskFate fate) {
              if (fate == TaskFate::run) call.load(*model, *kernel, threads);
              calls.finish(call);  // a cancelled call is never settled: its environment is ending
            });
        load_begun_ = true;
      });
    });
  }

  Napi::Value encode(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      auto owned = std::make_unique<EncodeCall>(info.Env(), *this, info.This().As<Napi::Object>());
      EncodeCall& call = *owned;
      AsyncCalls& calls = state_->calls();
      return calls.begin(info.Env(), std::move(owned), [&] {
        PackedTexts texts = texts_argument(info[0]);
        std::weak_ptr<EncodeBatch>* kept = tickets_.place_for(info[1]);
        const auto batch = open_encoder().encode(std::move(texts.ids), std::move(texts.lengths),
                                                 [&call, &calls](EncodeResult result) {
                                                   call.vectors = std::move(result.vectors);
                                                   call.error = std::move(result.error);
                                                   calls.finish(call);
                                                 });
        if (kept != nullptr) *kept = batch;
      });
    });
  }

  void cancel(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] {
      const auto batch = tickets_.take(info[0]);
      if (batch && encoder_) encoder_->cancel(batch);
    });
  }

  void close(const Napi::CallbackInfo&) {
    closed_ = true;
    if (encoder_) encoder_->close();
    if (calls_under_way_ == 0) drop();
  }

  TransformerEncoder& open_encoder() const {
    if (closed_) throw_closed();
    if (!encoder_) throw Error(ErrorCode::invalid_argument, "load() has to have ended first");
    return *encoder_;
  }

  // Precondition: no call is under way.
  void drop() noexcept {
    if (!encoder_) return;
    state_->unwatch(*encoder_);
    encoder_.reset();
    report_.update(Env(), 0);
  }

  std::shared_ptr<AddonState> state_;
  std::size_t threads_ = 0;
  std::size_t dimensions_ = 0;
  const EncoderKernel* kernel_ = nullptr;
  std::shared_ptr<const EncoderModel> model_;    // null once loaded: the weights have it
  std::unique_ptr<TransformerEncoder> encoder_;  // null until loaded, and once closed
  bool load_begun_ = false;
  bool closed_ = false;
  std::size_t calls_under_way_ = 0;
  Tickets<EncodeBatch> tickets_;
  MemoryReport report_;
};

EncoderCall::EncoderCall(Napi::Env env, TransformerEncoderBinding& owner, const Napi::Object& object)
    : AsyncCall(env), owner_(owner), kept_(Napi::Persistent(object)) {
  owner_.begun();
}

EncoderCall::~EncoderCall() { owner_.ended(); }

Napi::Value LoadCall::value(Napi::Env env) {
  owner_.loaded(env, std::move(encoder_));
  return env.Undefined();
}

Napi::Value EncodeCall::value(Napi::Env env) {
  owner_.report(env);
  Napi::Float32Array result = Napi::Float32Array::New(env, vectors.size());
  std::copy(vectors.begin(), vectors.end(), result.Data());
  return result;
}

}  // namespace

Napi::Function define_transformer_encoder(Napi::Env env) { return TransformerEncoderBinding::define(env); }

Napi::Array encoder_kernels(Napi::Env env) {
  Napi::Array list = Napi::Array::New(env);
  for (const EncoderPrecision precision : kPrecisions) {
    const EncoderKernel* kernel = kernel_for(precision);
    if (kernel == nullptr) continue;
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", kernel->name);
    entry.Set("family", kernel->family);
    entry.Set("precision", encoder_precision_name(precision));
    entry.Freeze();
    list.Set(list.Length(), entry);
  }
  list.Freeze();
  return list;
}

}  // namespace cosimo::binding
