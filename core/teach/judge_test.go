package teach

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAUROCError(t *testing.T) {
	// Hanley and McNeil 1982, their example: 58 normal and 51 abnormal images, area 0.893, standard error 0.032.
	assert.InDelta(t, 0.032, Judgement{AUROC: 0.893, n: 58, bad: 51}.AUROCError(), 0.001)
	assert.Equal(t, 0.0, Judgement{AUROC: 1, n: 9, bad: 9}.AUROCError())
	assert.Equal(t, 1.0, Judgement{AUROC: 0.5}.AUROCError())
}
