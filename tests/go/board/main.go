// Reads a dashboard as Grafana's own Foundation SDK does, whose types are generated from Grafana's schema.
//
// It fails at a field that the schema does not know, at one that is missing, and at a value that is not allowed.
// Else it writes a line of JSON for each query: {"panel": title, "expr": PromQL, "legend": text}, and for each variable
// that asks Prometheus: {"variable": name, "expr": what it asks for}.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	must(err)
	// Panels and queries of other kinds would be read without a schema: there are none.
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	var strict, read dashboard.Dashboard
	must(some(strict.UnmarshalJSONStrict(text)))
	must(fields(text))
	// The strict reading forgets the panels that it has read.
	must(json.Unmarshal(text, &read))
	must(read.Validate())
	for _, one := range read.Panels {
		if one.Panel != nil {
			must(panel(*one.Panel))
		}
	}
	for _, one := range read.Templating.List {
		if one.Type == dashboard.VariableTypeQuery {
			must(choice(one.Name, *one.Refresh, dashboard.VariableRefreshOnDashboardLoad, dashboard.VariableRefreshOnTimeRangeChanged))
			say(map[string]any{"variable": one.Name, "expr": one.Query.Map["query"]})
		}
	}
}

// Reads what the strict reading of a panel takes as it comes.
func fields(text []byte) error {
	var read struct {
		Panels []struct{ FieldConfig json.RawMessage }
	}
	err := json.Unmarshal(text, &read)
	for _, one := range read.Panels {
		var strict dashboard.FieldConfigSource
		err = errors.Join(err, some(strict.UnmarshalJSONStrict(one.FieldConfig)))
	}
	return err
}

func panel(read dashboard.Panel) error {
	title := *read.Title
	options, known := read.Options.(*timeseries.Options)
	if !known {
		return fmt.Errorf("the panel %q has a type whose schema is not checked: %s", title, read.Type)
	}
	for _, one := range read.Targets {
		query, known := one.(*prometheus.Dataquery)
		if !known {
			return fmt.Errorf("the panel %q asks something else than Prometheus: %T", title, one)
		}
		say(map[string]any{"panel": title, "expr": query.Expr, "legend": query.LegendFormat})
	}
	style := read.FieldConfig.Defaults.Custom.(*timeseries.FieldConfig).ThresholdsStyle
	return errors.Join(
		choice(title, options.Legend.DisplayMode, common.LegendDisplayModeList, common.LegendDisplayModeTable),
		choice(title, options.Legend.Placement, common.LegendPlacementBottom, common.LegendPlacementRight),
		choice(title, options.Tooltip.Mode, common.TooltipDisplayModeSingle, common.TooltipDisplayModeMulti),
		choice(title, options.Tooltip.Sort, common.SortOrderAscending, common.SortOrderDescending, common.SortOrderNone),
		choice(title, read.FieldConfig.Defaults.Thresholds.Mode, dashboard.ThresholdsModeAbsolute),
		choice(title, style.Mode, common.GraphThresholdsStyleModeOff, common.GraphThresholdsStyleModeLine),
	)
}

// Checks a value against those of the schema: the SDK takes any text for them.
func choice[T comparable](where string, found T, allowed ...T) error {
	if slices.Contains(allowed, found) {
		return nil
	}
	return fmt.Errorf("%s: %v is none of %v", where, found, allowed)
}

// The strict reading returns an empty list of errors where it found none.
func some(err error) error {
	var found cog.BuildErrors
	if errors.As(err, &found) && len(found) == 0 {
		return nil
	}
	return err
}

func say(line map[string]any) {
	must(json.NewEncoder(os.Stdout).Encode(line))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
