package store

// Backbone returns a stored backbone, nil when it is not here.
func (l *Library) Backbone(digest string) (Blob, error) {
	if err := checkID(digest); err != nil {
		return nil, err
	}
	return l.disk.Read(backbones + "/" + digest)
}

// Backbones lists the backbones that are here, by digest.
func (l *Library) Backbones() ([]string, error) { return l.disk.List(backbones) }

// Lacks tells whether a part or unfinished teaching needs a backbone that is not here.
func (l *Library) Lacks(digest string) (bool, error) {
	if b, err := l.Backbone(digest); err != nil || b != nil {
		return false, err
	}
	parts, err := l.Parts()
	if err != nil {
		return false, err
	}
	for _, p := range parts {
		for _, v := range p.Versions {
			if v.Backbone == digest {
				return true, nil
			}
		}
	}
	drafts, err := l.Drafts()
	for _, d := range drafts {
		if d.Backbone == digest {
			return true, err
		}
	}
	return false, err
}

// Secure keeps a backbone that Lacks calls for. It needs no lock, which others would wait for: the record that names the file is there already.
func (l *Library) Secure(digest string, data Blob) error {
	lacks, err := l.Lacks(digest)
	if err != nil || !lacks {
		return err
	}
	return l.disk.Write(backbones+"/"+digest, data)
}
