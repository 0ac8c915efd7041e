{{/* Everything that is wrong with the values, found before anything is rendered, and told at once. */}}
{{- define "mesh.validate" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- $row := include "mesh.row" . | fromYaml -}}
{{- $problems := list -}}
{{- $most := ternary (int $v.replicas) (int $v.autoscaling.maxReplicas) (eq $v.autoscaling.mode "none") -}}
{{- if and (hasKey $v.pdb "minAvailable") (hasKey $v.pdb "maxUnavailable") -}}
{{- $problems = append $problems "pdb: set minAvailable or maxUnavailable, not both" -}}
{{- end -}}
{{- if and (eq $v.autoscaling.mode "none") (hasKey $v.pdb "minAvailable") (ge (int ($v.pdb.minAvailable | default 0)) (int $v.replicas)) -}}
{{- $problems = append $problems (printf "pdb.minAvailable %v of %v replicas: no node could ever be drained, lower it or add replicas" $v.pdb.minAvailable $v.replicas) -}}
{{- end -}}
{{- if ne $v.autoscaling.mode "none" -}}
{{- if gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas) -}}
{{- $problems = append $problems (printf "autoscaling: minReplicas %v is above maxReplicas %v" $v.autoscaling.minReplicas $v.autoscaling.maxReplicas) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $v.autoscaling.mode "signals") (empty $v.autoscaling.signals.triggers) -}}
{{- $problems = append $problems "autoscaling.mode signals needs autoscaling.signals.triggers" -}}
{{- end -}}
{{- if and $v.monitor.rules.enabled $v.monitor.rules.alerts (empty $v.monitor.rules.repository) -}}
{{- $problems = append $problems "monitor.rules: set repository, the address of this repository's files with a / at the end, or alerts lead to no runbook" -}}
{{- end -}}
{{- if has "postgres" $row.stores -}}
{{- $each := add $v.database.poolMax $v.database.extraConnections -}}
{{- $needed := add (mul (add $most 1) $each) $v.database.reserved -}}
{{- if gt (int $needed) (int $v.database.maxConnections) -}}
{{- $problems = append $problems (printf "database: %d replicas and one more during a rollout, %d connections each, and %v reserved need %d connections, the database has %v: lower maxReplicas or poolMax, or raise database.maxConnections" $most (int $each) $v.database.reserved (int $needed) $v.database.maxConnections) -}}
{{- end -}}
{{- end -}}
{{- $problems = concat $problems (include "mesh.edgeProblems" . | fromYamlArray) (include "mesh.productionProblems" . | fromYamlArray) -}}
{{- if $problems -}}
{{- fail (printf "\n\nchart %s can't be installed like this:\n  - %s\n" .Chart.Name (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}

{{/* What is good enough for development only, as a YAML list of sentences. */}}
{{- define "mesh.productionProblems" -}}
{{- $v := include "mesh.values" . | fromYaml -}}
{{- $found := list -}}
{{- if eq $v.global.environment "production" -}}
{{- range $name, $value := $v.config -}}
{{- if regexMatch "^(http://)?(payment-provider|carrier|mail|sinks):[0-9]+$" $value -}}
{{- $found = append $found (printf "config.%s is %s, a stand-in: production needs the address of a real one" $name $value) -}}
{{- end -}}
{{- end -}}
{{- if $v.dev.sync -}}
{{- $found = append $found "dev.sync lets new sources into running pods: not in production" -}}
{{- end -}}
{{- if hasKey $v.config "BANYAN_CLOCK_OFFSET_S" -}}
{{- $found = append $found "config.BANYAN_CLOCK_OFFSET_S moves the clock: not in production" -}}
{{- end -}}
{{- if and (eq .Chart.Name "order") (not (hasKey $v.secretEnv "ORDER_TOKEN_KEY")) -}}
{{- $found = append $found "secretEnv.ORDER_TOKEN_KEY is missing: production needs a key that seals payment tokens" -}}
{{- end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}
