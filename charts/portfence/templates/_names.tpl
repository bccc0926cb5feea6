{{- define "portfence.name" -}}
{{- $release := ternary .Release.Name (printf "%s-portfence" .Release.Name) (contains "portfence" .Release.Name) -}}
{{- default $release .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- end -}}

{{- define "portfence.selector" -}}
app.kubernetes.io/name: portfence
app.kubernetes.io/instance: {{ include "portfence.name" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "portfence.metadata" -}}
name: {{ include "portfence.name" .root }}{{ .suffix }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "portfence.selector" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "portfence.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}
