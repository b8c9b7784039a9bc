package release

import (
	"encoding/json"
)

// The parts of CycloneDX 1.5 that we use. It has neither a serial number nor a time: two builds are to be equal.
type bom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl,omitempty"`
	Licences   []licence  `json:"licenses,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type licence struct {
	Licence struct {
		ID string `json:"id"`
	} `json:"license"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// billOfMaterials lists modules in CycloneDX's JSON form. go.sum's hashes are of a module's files together, so they are properties, not hashes of a file.
func billOfMaterials(version string, modules []Module) ([]byte, error) {
	out := bom{Format: "CycloneDX", Spec: "1.5", Version: 1, Components: []component{},
		Metadata: metadata{component{Type: "application", Ref: "anomnet", Name: "anomnet", Version: version}}}
	for _, m := range modules {
		purl := "pkg:golang/" + m.Path + "@" + m.Version
		c := component{Type: "library", Ref: purl, Name: m.Path, Version: m.Version, PURL: purl}
		var l licence
		l.Licence.ID = m.Licence
		c.Licences = []licence{l}
		if m.Sum != "" {
			c.Properties = []property{{"go:sum", m.Sum}}
		}
		out.Components = append(out.Components, c)
	}
	data, err := json.MarshalIndent(out, "", "  ")
	return append(data, '\n'), err
}
