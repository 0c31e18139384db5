// Package export_cloakroom_plugin_codec is a codec that has the host encrypt payloads. It never sees a
// key. The bindings fix the package's name.
package export_cloakroom_plugin_codec

import (
	"fmt"

	"example.com/{{name}}/bindings/cloakroom_plugin_codec"
	"example.com/{{name}}/bindings/cloakroom_plugin_keys"
	"example.com/{{name}}/bindings/cloakroom_plugin_settings"
	"example.com/{{name}}/bindings/cloakroom_plugin_types"
	"example.com/{{name}}/label"
	. "go.bytecodealliance.org/pkg/wit/types"
)

type (
	Context     = cloakroom_plugin_types.Context
	Description = cloakroom_plugin_codec.Description
	Error       = cloakroom_plugin_types.Error
	Payload     = cloakroom_plugin_types.Payload
)

// Describe says what the codec is, and refuses settings that cannot work.
func Describe() Result[Description, Error] {
	for _, name := range cloakroom_plugin_settings.Names() {
		if name != "ring" {
			text := fmt.Sprintf("there is no setting `%s`; there is `ring`", name)
			return Err[Description](cloakroom_plugin_types.MakeErrorMisconfigured(text))
		}
	}
	if ring() == "" {
		text := "setting `ring` is needed: the name of a granted ring"
		return Err[Description](cloakroom_plugin_types.MakeErrorMisconfigured(text))
	}
	purpose := cloakroom_plugin_codec.PurposeEncryption
	return Ok[Description, Error](Description{Encodings: []string{label.Encoding}, Purpose: purpose})
}

// Encode offers a payload. Handles that are not dropped stay until Go's collector runs, and those of
// parameters end the call with an error.
func Encode(ctx *Context, payload *Payload) Result[Option[*Payload], Error] {
	defer ctx.Drop()
	defer payload.Drop()
	envelope := payload.Envelope()
	defer envelope.Drop()
	// The host draws fresh randomness for each call, so equal payloads give different bytes.
	result := cloakroom_plugin_keys.Seal(ring(), envelope, []byte(label.Encoding))
	if result.IsErr() {
		return Err[Option[*Payload]](result.Err())
	}
	sealed := result.Ok()
	defer sealed.Data.Drop()
	metadata := []Tuple2[string, []byte]{
		{F0: "encoding", F1: []byte(label.Encoding)},
		{F0: label.Key, F1: []byte(sealed.Key)},
	}
	return Ok[Option[*Payload], Error](Some(cloakroom_plugin_types.MakePayload(metadata, sealed.Data)))
}

// Decode gives back what was offered to Encode.
func Decode(ctx *Context, payload *Payload) Result[*Payload, Error] {
	defer ctx.Drop()
	defer payload.Drop()
	key, ok := label.KeyID(payload.Get(label.Key).SomeOr(nil))
	if !ok {
		text := fmt.Sprintf("metadata `%s` is not a key's id", label.Key)
		return Err[*Payload](cloakroom_plugin_types.MakeErrorMalformed(text))
	}
	data := payload.Data()
	defer data.Drop()
	// The host refuses bytes that were changed, or sealed with other associated bytes.
	result := cloakroom_plugin_keys.Open(ring(), key, data, []byte(label.Encoding))
	if result.IsErr() {
		return Err[*Payload](result.Err())
	}
	envelope := result.Ok()
	defer envelope.Drop()
	return cloakroom_plugin_types.PayloadFromEnvelope(envelope)
}

// ring returns the ring of keys that the operator granted.
func ring() string {
	return cloakroom_plugin_settings.Get("ring").SomeOr("")
}
