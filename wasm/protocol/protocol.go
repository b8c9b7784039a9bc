// Package protocol defines the messages between the page and an inference worker. Both sides use these types, so this
// comment is the only description of the protocol. It knows nothing of syscall/js and is tested on the host.
//
// # Envelope
//
// On the JavaScript boundary every message is an object {id, op, meta, bufs}: id is the number of the job (0 for messages
// that belong to none), op is one of the strings below, meta is a JSON object as a string, and bufs is an array of
// ArrayBuffers, which are transferred, not copied.
//
// # Page to worker
//
//	op       meta         bufs                    answer
//	load     LoadRequest  1 to 8 model files      result with LoadResult, or error and the part loaded before stays
//	score    ScoreRequest the image file          result with ScoreResult, map and preview, or error
//	similar  {}           the image file, 0 to 8 good ones  result with SimilarResult, or error
//	append   AppendRequest  1, see EncodeDrafts   result with AppendResult and the lines of the history (core/audit), or error
//	verify   VerifyRequest  1 history, as lines   result with VerifyResult, or error
//	results  ResultsRequest 1 or 2, see there     result with {} and the file or batch, or error
//	features FeaturesRequest  the image file      result with FeaturesResult, features and preview, or error
//	fit      FitRequest   features of images      result with FitResult and the head's file, or error
//	describe {}           a model file, perhaps that of its backbone  result with Model, and its head and backbone as files of their own, or error
//	revise   ReviseRequest  a head                result with Model and the changed head, or error
//	compare  CompareRequest  image, heads, files  result with CompareResult, or error
//	pin      PINRequest   1, a PIN                result with PINResult, or error
//	trust    TrustRequest a file, its signature   result with Trust, or error
//	key      KeyRequest   none                    result with KeyResult, or error
//	chunk    ChunkRequest 1                       result with {}, or error
//	cancel   {}           none                    the job with that id answers error "cancelled", unless it is a short one that has started
//
// # Worker to page
//
//	op       meta         bufs                    when
//	ready    Ready        none                    once, when the Go program runs
//	progress Progress     none                    during a job, at most 10 a second
//	result   LoadResult   calibration scores      end of a load job
//	result   ScoreResult  anomaly map, preview    end of a score job
//	result   FeaturesResult  features, preview    end of a features job
//	result   FitResult    head                    end of a fit job
//	result   Model        head, backbone          end of a describe or revise job
//	result   CompareResult  none                  end of a compare job
//	result   SimilarResult none                   end of a similar job
//	result   AppendResult lines                   end of an append job
//	result   VerifyResult none                    end of a verify job
//	result   PINResult    none                    end of a pin job
//	result   Trust        none                    end of a trust job
//	result   KeyResult    none                    end of a key job
//	error    Error        none                    end of a job that failed
//	requests Requests     none                    sent by worker.mjs when the worker made network requests after ready
//	exit     {}           none                    sent by worker.mjs when the Go program has ended
//
// The calibration scores are Calibration little-endian float32, ascending: scores of held-out good images. The anomaly map is MapW*MapH
// little-endian float32, row-major. The preview is PreW*PreH*4 bytes RGBA, row-major: the
// picture as it was scored, for formats that a browser cannot show.
//
// Decoding is strict: unknown or duplicate fields, trailing data and values out of range are errors, never panics.
package protocol

// Operations, the op field of the envelope.
const (
	OpLoad     = "load"
	OpScore    = "score"
	OpAppend   = "append"
	OpVerify   = "verify"
	OpResults  = "results"
	OpPIN      = "pin"
	OpCancel   = "cancel"
	OpReady    = "ready"
	OpProgress = "progress"
	OpResult   = "result"
	OpError    = "error"
	OpRequests = "requests"
	OpExit     = "exit"
)

// Message is the envelope without its JavaScript clothes. Bufs are owned by the receiver.
type Message struct {
	ID   int
	Op   string
	Meta string
	Bufs [][]byte
}

// Limits of a load message. No file is larger than MaxModelBytes, which is what core/model reads.
const (
	MaxModelFiles = 8
	MaxModelBytes = 256 << 20
)

// LoadRequest asks for the part that the model files hold; Tier is one of Ready.Tiers, or "" for the fastest. The first Lend files are there for
// their backbones only: a head without a backbone of its own is put on one of them.
type LoadRequest struct {
	Tier string `json:"tier,omitempty"`
	Lend int    `json:"lend,omitempty"`
}

// ScoreRequest names the image whose bytes travel as the only buffer.
type ScoreRequest struct {
	Name string `json:"name"`
}

// Empty is the meta of messages that say everything by their op.
type Empty struct{}

// Ready says which software answers and which kernel tiers it can run, slowest first.
type Ready struct {
	Version string   `json:"version"`
	Tiers   []string `json:"tiers"`
}

// Progress says how far a job is; Total is 0 when unknown.
type Progress struct {
	Stage string `json:"stage"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
}

// Requests counts network requests that the worker made after it was ready. It should never be sent.
type Requests struct {
	Count int `json:"count"`
}

// LoadResult describes the loaded part.
type LoadResult struct {
	Part            string  `json:"part"`
	BackboneDigest  string  `json:"backbone_digest"`
	HeadDigest      string  `json:"head_digest"`
	Calibration     int     `json:"calibration"`       // number of held-out scores behind the limits
	FalseRejectRate float64 `json:"false_reject_rate"` // target, 0..1
	Promised        bool    `json:"promised"`          // whether so many images can promise that rate
	Centroids       int     `json:"centroids"`
	Width           int     `json:"width"`  // of the prepared image
	Height          int     `json:"height"` // of the prepared image
	Mode            string  `json:"mode"`   // how pictures come to that size: ModeStretch, ModeFit or ModeCrop
	Method          string  `json:"method"` // how the head was made
	Tier            string  `json:"tier"`
	TopK            int     `json:"top_k"` // patches whose mean distance is the score
	Limit           float32 `json:"limit"`
	Review          float32 `json:"review"`
	MapLow          float32 `json:"map_low"`       // anomaly value at the low end of the colour scale
	MapHigh         float32 `json:"map_high"`      // and at its high end
	ROI             string  `json:"roi,omitempty"` // region of interest as core/roi writes it, "" for the whole picture

	Scores []float32 `json:"-"` // travel as the buffer, see WithScores
}

// Modes as they appear in LoadResult.Mode; they are those of core/imaging.
const (
	ModeStretch = "stretch"
	ModeFit     = "fit"
	ModeCrop    = "crop"
)

// Verdicts as they appear in ScoreResult.Verdict.
const (
	VerdictOK     = "OK"
	VerdictReview = "REVIEW"
	VerdictNG     = "NG"
)

// ScoreResult is the outcome of one image. Raw is exact: its JSON form is the shortest that reads back as the same
// float32, and RawBits are its IEEE 754 bits; a decoder refuses a pair that disagrees.
type ScoreResult struct {
	Name    string   `json:"name"`
	Raw     float32  `json:"raw"`
	RawBits uint32   `json:"raw_bits"`
	Limit   float32  `json:"limit"`
	Review  float32  `json:"review"`
	Ratio   float64  `json:"ratio"` // Raw relative to Limit, 1 = the limit
	PValue  float64  `json:"p_value"`
	Verdict string   `json:"verdict"`
	Width   int      `json:"width"`  // of the decoded picture
	Height  int      `json:"height"` // of the decoded picture
	MapW    int      `json:"map_w"`
	MapH    int      `json:"map_h"`
	MapLow  float32  `json:"map_low"`  // anomaly value at the low end of the model's colour scale
	MapHigh float32  `json:"map_high"` // and at its high end
	WorstX  int      `json:"worst_x"`  // patch of the map that weighs most in the score
	WorstY  int      `json:"worst_y"`
	Worst   float32  `json:"worst"`             // its distance from the reference patches
	Regions []Region `json:"regions,omitempty"` // parts of the picture above Limit, the largest first; see core/regions.Mark
	PreW    int      `json:"pre_w"`
	PreH    int      `json:"pre_h"`
	SHA256  string   `json:"sha256"` // of the image file, hex
	Millis  float64  `json:"ms"`     // time in the worker
}

// Region is a connected part of the picture above the limit, or the highest place of an NG image: its area in pixels, and its share of what is inspected.
type Region struct {
	Area  int     `json:"area"`
	Share float64 `json:"share"`
}

// Error says what went wrong with a job. Code is stable (see Codes), Message is for people who debug, Hint says what to do.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Error codes. Those of an image or a model come from core/inspect; the rest arise on the way.
const (
	CodeEmpty         = "empty"
	CodeNotImage      = "not_image"
	CodeCorrupt       = "corrupt"
	CodeTooLarge      = "too_large"
	CodeUnsupported   = "unsupported"
	CodeModelCorrupt  = "model_corrupt"
	CodeModelMismatch = "model_mismatch"
	CodeInternal      = "internal"
	CodeNoModel       = "no_model"    // score before a successful load
	CodeBadMessage    = "bad_message" // the worker could not read the request
	CodeCancelled     = "cancelled"
	CodeTooFew        = "too_few"      // fewer good images than teaching needs
	CodeTooMany       = "too_many"     // more images than a fit message brings (page side)
	CodeAllSame       = "all_same"     // the good images do not differ
	CodeStale         = "stale"        // features of another backbone or program version
	CodeStorageFull   = "storage_full" // the device has no room (page side)
	CodeGone          = "gone"         // the part is not kept any more (page side)
	CodeUnreadable    = "unreadable"   // the browser could not read the file
	CodeCrashed       = "crashed"      // the worker ended during the job (page side)
	CodeSignature     = "signature"    // a signature, or a policy, forbids it; Hint is one of TrustReasons (page side)
	CodeBadKey        = "bad_key"      // not a public key
	CodeChunk         = "chunk"        // what came is not what the index of models names
	CodeOffline       = "offline"      // the server did not answer, or not to the end (page side)
)

// Codes returns every error code, for tables and tests.
func Codes() []string {
	return []string{CodeEmpty, CodeNotImage, CodeCorrupt, CodeTooLarge, CodeUnsupported, CodeModelCorrupt, CodeModelMismatch,
		CodeInternal, CodeNoModel, CodeBadMessage, CodeCancelled, CodeTooFew, CodeTooMany, CodeAllSame, CodeStale, CodeStorageFull, CodeGone, CodeUnreadable, CodeCrashed,
		CodeSignature, CodeBadKey, CodeChunk, CodeOffline}
}
