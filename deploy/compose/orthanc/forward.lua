-- Forwards CT series and dose reports to ctiqa as soon as nothing more of them has come for a while.
-- What ctiqa sends back (SR and PDF of its own) is never forwarded: results cannot go round in circles.

local DOSE_REPORT = '1.2.840.10008.5.1.4.1.1.88.67'

local function is_dose_report(series)
  local instances = ParseJson(RestApiGet('/series/' .. series .. '/instances'))
  if #instances == 0 then return false end
  local class = RestApiGet('/instances/' .. instances[1]['ID'] .. '/metadata/SopClassUid')
  return class == DOSE_REPORT
end

function OnStableSeries(series, tags, metadata)
  local modality = tags['Modality']
  if modality == 'CT' or (modality == 'SR' and is_dose_report(series)) then
    local job = { Resources = { series }, Synchronous = false }
    RestApiPost('/modalities/ctiqa/store', DumpJson(job, true))
  end
end
