// Package plot draws line charts and bar charts as SVG: the curves of a training and the figures of a study.
//
// # Main types
//
// Chart is a set of Series over one axis, Bars a set of Groups over labels; both give their SVG bytes. A Series or Group may carry the ends of an
// interval about each value, which is drawn as an error bar.
//
// # Caveats
//
// It is the only package that knows the plotting library. The bytes depend on the values alone. A value that is not finite is an error; a point that was not
// measured is left out of the Series.
package plot
