package report

import (
	"path"
	"slices"
	"strings"
)

// LabelOf reads the label off the folders in a path, the innermost that says something: good, ok, io and normal mean good; defect, defects,
// defective, bad, ng, nok, nio, ko and anomaly mean defect; any other folder directly in test means defect, as in MVTec layout.
func LabelOf(name string) Label {
	folders := strings.Split(path.Dir(strings.ReplaceAll(strings.ToLower(name), `\`, "/")), "/")
	for i := len(folders) - 1; i >= 0; i-- {
		switch f := folders[i]; {
		case slices.Contains([]string{"good", "ok", "io", "normal"}, f):
			return Good
		case slices.Contains([]string{"defect", "defects", "defective", "bad", "ng", "nok", "nio", "ko", "anomaly"}, f), i > 0 && folders[i-1] == "test":
			return Defect
		}
	}
	return ""
}
